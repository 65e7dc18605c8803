package queue

import (
	"errors"

	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
)

// Why another service's message doesn't get into a queue.
var (
	ErrNoQueue       = errors.New("queue does not exist")
	ErrNoPermissions = errors.New("queue policy does not allow it")
)

// queryPrefix is before most error codes of the older query protocol, which clients of today still report.
const queryPrefix = "AWS.SimpleQueueService."

func refuse(code, message string) *awsjson.Error {
	return &awsjson.Error{Code: "com.amazonaws.sqs#" + code, Message: message, QueryCode: queryPrefix + code}
}

// refusePlain is for the codes that are the same in both protocols.
func refusePlain(code, message string) *awsjson.Error {
	return &awsjson.Error{Code: code, Message: message, QueryCode: code}
}

func noQueue() *awsjson.Error {
	e := refuse("QueueDoesNotExist", "The specified queue does not exist.")
	e.QueryCode = queryPrefix + "NonExistentQueue"
	return e
}

func invalidParameter(message string) *awsjson.Error {
	return refusePlain("InvalidParameterValue", message)
}

func missingParameter(name string) *awsjson.Error {
	return refusePlain("MissingParameter", "The request must contain the parameter "+name+".")
}

func accessDenied(err error) *awsjson.Error {
	return &awsjson.Error{Code: "AccessDeniedException", Message: err.Error(), Status: 403, QueryCode: "AccessDenied"}
}

func invalidReceipt(handle string) *awsjson.Error {
	return refusePlain("ReceiptHandleIsInvalid", "The input receipt handle \""+handle+"\" is not a valid receipt handle.")
}
