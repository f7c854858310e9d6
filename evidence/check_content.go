package evidence

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/quell-ir/quell"
)

// ErrChanged says that an artefact's content is not what its digest says.
var ErrChanged = errors.New("its content was changed")

// ErrLost says that an artefact is not there.
var ErrLost = errors.New("it is not there")

// Problem is an artefact that is not as it was recorded.
type Problem struct {
	Evidence quell.Evidence `json:"evidence"`
	What     string         `json:"what"`
}

// opener is what the checks need of a Folder or a Memory.
type opener interface {
	Open(sum string) (io.ReadCloser, error)
}

// verify reads every artefact of the list once and says what is wrong. The error is the context's.
func verify(ctx context.Context, store opener, list []quell.Evidence) ([]Problem, error) {
	var out []Problem
	result := make(map[string]error)
	for _, item := range list {
		if err := ctx.Err(); err != nil {
			return out, fmt.Errorf("verify evidence: %w", err)
		}
		err, known := result[item.SHA256]
		if !known {
			err = check(store, item.SHA256)
			result[item.SHA256] = err
		}
		if err != nil {
			out = append(out, Problem{Evidence: item, What: quell.Clean(err.Error())})
		}
	}
	return out, nil
}

// check reads an artefact to its end.
func check(store opener, sum string) error {
	r, err := store.Open(sum)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return errors.Join(err, r.Close())
}

// checked hashes what is read and compares at the end. It never says io.EOF after wrong content.
type checked struct {
	r    io.ReadCloser
	want string
	sum  hash.Hash
	bad  error
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	if c.bad != nil {
		return 0, c.bad
	}
	n, err := c.r.Read(p)
	c.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && hex.EncodeToString(c.sum.Sum(nil)) != c.want {
		c.bad = fmt.Errorf("read evidence %s: %w", c.want[:12], ErrChanged)
		err = c.bad
	}
	return n, err
}

// Close implements io.Closer.
func (c *checked) Close() error { return c.r.Close() }

func describe(name, from, sum string, size int64, missing []string) quell.Evidence {
	return quell.Evidence{Name: name, SHA256: sum, Size: size, From: from, Complete: len(missing) == 0, Missing: missing}
}

// isSum says whether s is a SHA-256 in lower-case hex, the only thing that is ever made into a path.
func isSum(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == 32 && strings.ToLower(s) == s
}

func notSum(s string) error {
	return fmt.Errorf("open evidence %s: it is no SHA-256", quell.Cut(s, 70))
}

func lost(sum string, err error) error {
	return fmt.Errorf("open evidence %s: %w", sum[:12], errors.Join(ErrLost, err))
}
