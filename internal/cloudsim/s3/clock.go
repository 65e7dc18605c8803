package s3

import "time"

// clock is the process's own clock, in UTC as S3's.
type clock struct{}

func (clock) Now() time.Time                  { return time.Now().UTC() }
func (clock) Since(t time.Time) time.Duration { return time.Since(t) }
