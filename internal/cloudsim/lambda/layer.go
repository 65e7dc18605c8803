package lambda

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// unpack puts the files of all layers into one folder; those of a later layer replace those of an earlier
// one: https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
func unpack(layers []string) (folder string, err error) {
	if len(layers) == 0 {
		return "", nil
	}
	if folder, err = os.MkdirTemp("", "layers-"); err != nil {
		return "", err
	}
	for _, layer := range layers {
		if err := overlay(folder, layer); err != nil {
			return "", errors.Join(err, os.RemoveAll(folder))
		}
	}
	return folder, nil
}

// overlay takes a layer that is a link, too.
func overlay(folder, layer string) error {
	layer, err := filepath.EvalSymlinks(layer)
	if err != nil {
		return err
	}
	return filepath.WalkDir(layer, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(layer, path)
		if err != nil {
			return err
		}
		target := filepath.Join(folder, name)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o750)
		}
		data, err := os.ReadFile(path) // a layer's own file
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600) // below the folder, by the walk
	})
}
