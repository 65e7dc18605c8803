package mutation

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// WriteOverlay writes changed sources, by their absolute paths, to files whose names begin with prefix, and one more
// that go's flag -overlay has the compiler take them by. It returns that one's name.
func WriteOverlay(prefix string, changed map[string][]byte) (string, error) {
	replace := map[string]string{}
	for file, source := range changed {
		replace[file] = prefix + strings.ReplaceAll(file, "/", "_")
		if err := os.WriteFile(replace[file], source, 0o600); err != nil {
			return "", fmt.Errorf("write overlay: %w", err)
		}
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("write overlay: %w", err)
	}
	overlay := prefix + ".json"
	return overlay, os.WriteFile(overlay, data, 0o600)
}
