// Package logkey names the keys of log lines, so that one query finds a connection in every function's logs.
package logkey

// The keys, in the spelling of CloudTrail and of the Lambda runtime.
const (
	EventID     = "eventId"
	MessageID   = "messageId"
	Deliveries  = "deliveries" // how often SQS has delivered the message
	Connection  = "peeringConnectionId"
	Change      = "change"
	Outcome     = "outcome"
	CellMessage = "cellMessage" // the type of a message to another cell; slog's text is "message" on Lambda
	Code        = "code"        // of the outcome's reason
	Reason      = "reason"
	Next        = "next"  // the next step for a person, if the outcome has one
	Fault       = "fault" // the class of the error
	Hint        = "hint"  // the kind of the event
	Error       = "error"
	DurationMs  = "durationMs"
)
