// Command load requests a thousand peering connections within a minute from cells that are deployed as on AWS, and
// fails unless every one of them is connected exactly.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/load/rush"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	within := flag.Duration("within", rush.Thousand.Within, "spread the requests over this time")
	flag.Parse()
	ok, err := run(ctx, *within)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, within time.Duration) (bool, error) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	w, err := local.Prepare(ctx, os.Stdout)
	if err != nil {
		return false, err
	}
	size := rush.Thousand
	size.Within = within
	return rush.Run(ctx, os.Stdout, w, size)
}
