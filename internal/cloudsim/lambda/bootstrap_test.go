package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"github.com/autopeer/autopeer/internal/cloudsim/lambda"
)

// TestMain makes the test binary a function as well: started with a Runtime API it is the bootstrap.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(m.Run())
	}
	switch os.Getenv("START") {
	case "crash":
		os.Exit(3)
	case "hang":
		select {}
	case "init error":
		post("init/error", `{"errorType":"Config.Missing","errorMessage":"no policy"}`)
		os.Exit(1)
	}
	runtime.Start(handle)
}

type order struct{ Do, Name string }

// handle does the action that the event names, or the variable DO for every event.
func handle(_ context.Context, o order) (any, error) {
	if all := os.Getenv("DO"); all != "" {
		o.Do = all
	}
	switch o.Do {
	case "fail":
		return nil, errors.New("boom")
	case "panic":
		panic("boom")
	case "exit":
		os.Exit(7)
	case "hang":
		select {}
	case "garbage":
		return map[string]any{"batchItemFailures": "all of them"}, nil
	case "variable":
		return os.Getenv(o.Name), nil
	case "file":
		data, err := os.ReadFile(os.Getenv(o.Name))
		return string(data), err
	case "child": // that outlives its parent
		child := exec.CommandContext(context.Background(), "sleep", "600")
		err := child.Start()
		return child.Process.Pid, err
	case "meet": // returns only when another one is running too
		return os.Getpid(), meet(o.Name)
	}
	fmt.Println("handled by", os.Getpid())
	return os.Getpid(), nil
}

// meet leaves a file in the folder and waits for a second one.
func meet(folder string) error {
	if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(os.Getpid())), nil, 0o600); err != nil {
		return err
	}
	for range 5000 {
		if there, err := os.ReadDir(folder); err != nil || len(there) > 1 {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("no handler")
}

func post(path, body string) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost,
		"http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/"+path, strings.NewReader(body))
	if err == nil {
		var response *http.Response
		if response, err = http.DefaultClient.Do(request); err == nil {
			err = response.Body.Close()
		}
	}
	if err != nil {
		fmt.Println("post:", err)
	}
}

// function makes a function of the test binary.
func function(t *testing.T, change func(*lambda.Config)) *lambda.Function {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	code := t.TempDir()
	if err := os.Symlink(self, filepath.Join(code, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	c := lambda.Config{
		Account: "111111111111", Region: "eu-west-1", Name: "autopeer-accept", Code: code, Timeout: 20 * time.Second,
		Endpoint: "http://127.0.0.1:1", Environment: map[string]string{},
	}
	if change != nil {
		change(&c)
	}
	f, err := lambda.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}
