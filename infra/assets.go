package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The modes that Lambda needs, because it runs the functions as another user. The hash of an asset doesn't cover modes,
// so an asset with only a corrected mode is not uploaded again.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
const (
	executable fs.FileMode = 0o755 // of folders, too
	plain      fs.FileMode = 0o644
)

// openAssets sets the modes that Lambda needs on the staged files of the cloud assembly, regardless of the umask.
// It returns an error if a mode can't be set or doesn't last, as on a file system without modes.
func openAssets(assembly string, chmod func(string, fs.FileMode) error) error {
	folders, err := filepath.Glob(filepath.Join(assembly, "asset.*"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return open(path, modeOf(entry), chmod)
		}); err != nil {
			return err
		}
	}
	return nil
}

func modeOf(entry fs.DirEntry) fs.FileMode {
	if entry.IsDir() || entry.Name() == "bootstrap" {
		return executable
	}
	return plain
}

func open(path string, want fs.FileMode, chmod func(string, fs.FileMode) error) error {
	if err := chmod(path, want); err != nil {
		return fmt.Errorf("make an asset readable for Lambda: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if got := info.Mode().Perm(); got != want {
		return fmt.Errorf("%s has mode %#o, and Lambda needs %#o: write the assembly (CDK_OUTDIR) to a "+
			"file system that keeps modes", path, got, want)
	}
	return nil
}
