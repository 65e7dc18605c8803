package simtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/proof/mutate/mutation"
)

var planted = flag.Uint64("planted", 0, "plant each bug and play up to this many seeds to find it")

// bug is a plausible mistake, as replacements of texts in files of the repository.
type bug struct {
	name, sentence string
	changes        []change
}

// change replaces a text that a file has once.
type change struct{ file, old, new string }

// readBug reads a bug: its sentence, and for each change "--- file", the old text, "+++" and the new text.
func readBug(path string) (bug, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return bug{}, err
	}
	sentence, rest, _ := strings.Cut(string(data), "\n")
	b := bug{name: strings.TrimSuffix(filepath.Base(path), ".txt"), sentence: sentence}
	for _, part := range strings.Split(rest, "--- ")[1:] {
		file, texts, _ := strings.Cut(part, "\n")
		old, replacement, found := strings.Cut(texts, "\n+++\n")
		if !found {
			return b, fmt.Errorf("%s: %s has no line +++", path, file)
		}
		b.changes = append(b.changes, change{file, old, strings.TrimSuffix(replacement, "\n")})
	}
	return b, nil
}

// plant writes an overlay that replaces files for the compiler, and returns its path.
func (b bug) plant(root, dir string) (overlay string, err error) {
	changed := map[string][]byte{}
	for _, c := range b.changes {
		source := filepath.Join(root, c.file)
		if changed[source] == nil {
			if changed[source], err = os.ReadFile(source); err != nil {
				return "", err
			}
		}
		if n := bytes.Count(changed[source], []byte(c.old)); n != 1 {
			return "", fmt.Errorf("%s: %s has this text %d times, want once:\n%s", b.name, c.file, n, c.old)
		}
		changed[source] = bytes.Replace(changed[source], []byte(c.old), []byte(c.new), 1)
	}
	return mutation.WriteOverlay(filepath.Join(dir, "planted"), changed)
}

func bugs(t *testing.T) []bug {
	t.Helper()
	paths, err := filepath.Glob("testdata/planted/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bugs to plant: %v", err)
	}
	var all []bug
	for _, path := range paths {
		b, err := readBug(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// TestBugsCanBePlanted checks that the files have the texts that the bugs replace, once each.
func TestBugsCanBePlanted(t *testing.T) {
	for _, b := range bugs(t) {
		if _, err := b.plant(repository(t), t.TempDir()); err != nil {
			t.Error(err)
		}
	}
}

// TestPlantedBugsAreCaught is for make sim-planted, because it compiles for minutes and plays thousands of seeds.
func TestPlantedBugsAreCaught(t *testing.T) {
	if *planted == 0 {
		t.Skip("run by make sim-planted")
	}
	hunted, caught := 0, 0
	defer func() { fmt.Printf("sim-planted: %d bugs, %d caught\n", hunted, caught) }()
	for _, b := range bugs(t) {
		t.Run(b.name, func(t *testing.T) {
			hunted++
			began := time.Now()
			p, err := b.hunt(t.Context(), repository(t), t.TempDir())
			switch {
			case err != nil:
				t.Error(err)
			case p.Failure == "":
				t.Errorf("not caught in %d seeds: %s", *planted, b.sentence)
			default:
				caught++
				why, _, _ := strings.Cut(p.Failure, "\n")
				fmt.Printf("%s: %s\n  caught after %d seeds and %s, %s\n", b.name, b.sentence, p.Seed,
					time.Since(began).Round(time.Second), why)
			}
		})
	}
}

// hunt plays seeds with the bug until one fails, and returns the progress of the last seed.
func (b bug) hunt(ctx context.Context, root, dir string) (last progress, err error) {
	overlay, err := b.plant(root, dir)
	if err != nil {
		return last, err
	}
	binary := filepath.Join(dir, "planted.test")
	if output, err := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", binary,
		".").CombinedOutput(); err != nil {
		return last, fmt.Errorf("compile: %w\n%s", err, output)
	}
	play := exec.CommandContext(ctx, binary, "-test.run=^TestShare$", "-test.timeout=0", "-first", "-stride=1",
		fmt.Sprintf("-seeds=%d", *planted))
	play.Env = append(os.Environ(), environment...)
	out, err := play.Output()
	for line := range bytes.Lines(out) {
		var p progress
		if json.Unmarshal(line, &p) == nil && p.Seed > 0 {
			last = p
		}
	}
	if last.Failure != "" {
		err = nil
	}
	return last, err
}

func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}
