package queue

import (
	"regexp"

	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
)

// maxBatch is the most entries of a batch, and the most messages of one receive.
const maxBatch = 10

// batchFailure is an entry's refusal. This cloud only knows faults of the sender.
type batchFailure struct {
	ID          string `json:"Id"`
	Code        string
	Message     string
	SenderFault bool
}

// batchOutput has a list of successes even if there are none: the SDK wants both members.
type batchOutput[Out any] struct {
	Successful []Out
	Failed     []batchFailure `json:",omitempty"`
}

var validEntryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkBatch makes the refusals that concern a batch as a whole.
func checkBatch(ids []string) error {
	if len(ids) == 0 {
		return refuse("EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(ids) > maxBatch {
		return refuse("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !validEntryID.MatchString(id) {
			return refuse("InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores, "+
					"and is at most 80 letters long.")
		}
		if seen[id] {
			return refuse("BatchEntryIdsNotDistinct", "Id "+id+" repeated.")
		}
		seen[id] = true
	}
	return nil
}

// each does one entry after the other and keeps their outcomes apart.
func each[In, Out any](entries []In, id func(In) string, do func(In) (Out, error)) (batchOutput[Out], error) {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = id(e)
	}
	if err := checkBatch(ids); err != nil {
		return batchOutput[Out]{}, err
	}
	out := batchOutput[Out]{Successful: []Out{}}
	for i, e := range entries {
		result, err := do(e)
		if err != nil {
			refusal := awsjson.AsError(err)
			out.Failed = append(out.Failed, batchFailure{ids[i], refusal.Code, refusal.Message, true})
			continue
		}
		out.Successful = append(out.Successful, result)
	}
	return out, nil
}
