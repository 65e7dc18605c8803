package cfn

import (
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
)

// Status is the status of a stack:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
type Status string

// The statuses of stacks whose failed operations are rolled back.
const (
	CreateInProgress   Status = "CREATE_IN_PROGRESS"
	CreateComplete     Status = "CREATE_COMPLETE"
	RollbackInProgress Status = "ROLLBACK_IN_PROGRESS" // of a creation
	RollbackComplete   Status = "ROLLBACK_COMPLETE"
	RollbackFailed     Status = "ROLLBACK_FAILED"

	UpdateInProgress                        Status = "UPDATE_IN_PROGRESS"
	UpdateCompleteCleanupInProgress         Status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
	UpdateComplete                          Status = "UPDATE_COMPLETE"
	UpdateRollbackInProgress                Status = "UPDATE_ROLLBACK_IN_PROGRESS"
	UpdateRollbackCompleteCleanupInProgress Status = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
	UpdateRollbackComplete                  Status = "UPDATE_ROLLBACK_COMPLETE"
	UpdateRollbackFailed                    Status = "UPDATE_ROLLBACK_FAILED"

	DeleteInProgress Status = "DELETE_IN_PROGRESS"
	DeleteComplete   Status = "DELETE_COMPLETE"
	DeleteFailed     Status = "DELETE_FAILED"
)

// Operation is one creation, update or deletion of a stack. Its events share a token.
type Operation struct {
	cloud                 *cloudsim.Cloud
	account, region, name string
	token                 string
}

// NewOperation begins an operation on the stack, which may be one that isn't deployed by this package.
func NewOperation(cloud *cloudsim.Cloud, account, region, name string) Operation {
	return Operation{cloud, account, region, name, apicall.UUID()}
}

// StackID returns the ARN of the stack. A stack has the same one after it was deleted and created again.
func (o Operation) StackID() string {
	return "arn:aws:cloudformation:" + o.region + ":" + o.account + ":stack/" + o.name + "/0"
}

// Report puts CloudFormation's event about the status on the default bus of the stack's account and Region:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html
func (o Operation) Report(s Status, reason string) error {
	return o.cloud.Events.Emit(events.ServiceEvent{
		Account: o.account, Region: o.region, Source: "aws.cloudformation", DetailType: "CloudFormation Stack Status Change",
		Resources: []string{o.StackID()},
		Detail: map[string]any{
			"stack-id":             o.StackID(),
			"status-details":       map[string]any{"status": s, "status-reason": reason},
			"client-request-token": o.token,
		},
	})
}

// report sets the status of the stack and reports it.
func (d *deployment) report(o Operation, s Status, reason string) error {
	d.status = s
	switch s {
	case CreateInProgress:
		d.created = time.Now()
	case UpdateInProgress:
		d.updated = time.Now()
	}
	return o.Report(s, reason)
}
