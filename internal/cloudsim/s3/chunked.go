package s3

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// decode replaces a body in the encoding aws-chunked, in which SDKs send objects with a checksum behind them, by its
// content: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html. Signatures and checksums aren't
// verified. The length becomes a header in any case, where the storage expects it.
func decode(r *http.Request) error {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		content, err := io.ReadAll(r.Body)
		setBody(r, content)
		return err
	}
	content, err := unchunked(bufio.NewReader(r.Body))
	if err != nil {
		return fmt.Errorf("read aws-chunked body: %w", err)
	}
	if want := r.Header.Get("X-Amz-Decoded-Content-Length"); want != strconv.Itoa(len(content)) {
		return fmt.Errorf("the decoded body has %d bytes, want %s", len(content), want)
	}
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	r.Header.Del("Content-Encoding")
	setBody(r, content)
	return nil
}

func setBody(r *http.Request, content []byte) {
	r.Body = io.NopCloser(bytes.NewReader(content))
	r.ContentLength = int64(len(content))
	r.Header.Set("Content-Length", strconv.Itoa(len(content)))
}

// unchunked joins the chunks: each is its size in hexadecimal with extensions, a line end, the bytes and a line end.
// The last has no bytes; trailers follow it.
func unchunked(body *bufio.Reader) ([]byte, error) {
	var content bytes.Buffer
	for {
		line, err := body.ReadString('\n')
		if err != nil {
			return nil, err
		}
		digits, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		size, err := strconv.ParseInt(digits, 16, 64)
		switch {
		case err != nil:
			return nil, err
		case size == 0:
			return content.Bytes(), nil
		}
		if _, err := io.CopyN(&content, body, size); err != nil {
			return nil, err
		}
		if end, err := body.ReadString('\n'); err != nil || strings.TrimSpace(end) != "" {
			return nil, errors.New("a chunk is longer than its size")
		}
	}
}
