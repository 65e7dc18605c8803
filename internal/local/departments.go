package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// SynthesizeLab runs the CDK app of the lab for departments that are all in the cell, and returns the folder with its
// templates. It reuses the templates that it wrote before for the same cell and app.
func (w *Workshop) SynthesizeLab(ctx context.Context, cell peering.Cell) (folder string, err error) {
	app, err := os.ReadFile(filepath.Join(w.root, labApp)) // a file of the repository
	if err != nil {
		return "", err
	}
	folder, err = w.once(append([]byte("lab "+cell.String()+"\n"), app...), func(folder string) error {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, "cdk.json"), []byte("{}"), 0o600); err != nil {
			return err
		}
		return run(ctx, folder, []string{
			"CDK_DEFAULT_ACCOUNT=" + string(cell.Account), "CDK_DEFAULT_REGION=" + string(cell.Region), "CDK_OUTDIR=.",
			"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1", // the command warns once, in one line
		}, filepath.Join(w.root, labApp))
	})
	if err != nil {
		return "", fmt.Errorf("synthesize the lab: %w", err)
	}
	return folder, nil
}
