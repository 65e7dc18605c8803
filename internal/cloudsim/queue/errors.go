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

// The JSON protocol has short names; older clients know the ones of the query protocol.
const queryPrefix = "AWS.SimpleQueueService."

func refuse(code, message string) *awsjson.Error {
	return &awsjson.Error{Code: "com.amazonaws.sqs#" + code, Message: message, QueryCode: queryPrefix + code}
}

func noQueue() *awsjson.Error {
	e := refuse("QueueDoesNotExist", "The specified queue does not exist.")
	e.QueryCode = queryPrefix + "NonExistentQueue"
	return e
}

func invalidParameter(message string) *awsjson.Error {
	return &awsjson.Error{Code: "InvalidParameterValue", Message: message, QueryCode: "InvalidParameterValue"}
}

func missingParameter(name string) *awsjson.Error {
	return &awsjson.Error{
		Code: "MissingParameter", QueryCode: "MissingParameter",
		Message: "The request must contain the parameter " + name + ".",
	}
}

func accessDenied() *awsjson.Error {
	return &awsjson.Error{Code: "AccessDeniedException", Message: "Access to the resource is denied.", Status: 403, QueryCode: "AccessDenied"}
}

func invalidReceipt(handle string) *awsjson.Error {
	return refuse("ReceiptHandleIsInvalid", "The input receipt handle \""+handle+"\" is not a valid receipt handle.")
}
