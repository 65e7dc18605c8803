package local

import (
	"bytes"
	"context"
	"os"
	"time"
)

// Follow calls changed with the content of the file whenever it differs from the content before, until the context
// ends. It reads the file at every interval, so that editors may also replace the file or remove it for a moment.
// Content counts when two reads in a row return it, because an editor may be writing. An empty file doesn't count.
func Follow(ctx context.Context, file string, content []byte, every time.Duration, changed func(content []byte)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var last []byte
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now, err := os.ReadFile(file) // the file that the user named
		if err != nil || len(now) == 0 {
			continue
		}
		if bytes.Equal(now, last) && !bytes.Equal(now, content) {
			content = now
			changed(now)
		}
		last = now
	}
}
