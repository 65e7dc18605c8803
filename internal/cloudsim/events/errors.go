package events

import "github.com/autopeer/autopeer/internal/cloudsim/awsjson"

func refuse(code, message string) *awsjson.Error { return &awsjson.Error{Code: code, Message: message} }

func invalid(message string) *awsjson.Error { return refuse("ValidationException", message) }

func noBus(name string) *awsjson.Error {
	return refuse("ResourceNotFoundException", "Event bus "+name+" does not exist.")
}

func noRule(name string, b *bus) *awsjson.Error {
	return refuse("ResourceNotFoundException", "Rule "+name+" does not exist on EventBus "+b.name.name+".")
}

func tooMany() *awsjson.Error {
	return refuse("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
}

func denied(err error) *awsjson.Error { return refuse("AccessDeniedException", err.Error()) }
