package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	peekBytes = 64 << 10
	// ratioFrom is how much a file may expand to before its ratio is judged: a small file of equal lines compresses
	// a thousandfold and harms nobody.
	ratioFrom = 256 << 20
	// zstdMemory bounds the window a zstd frame may ask for; a hostile header asks for gigabytes.
	zstdMemory = 128 << 20
)

// expander opens files one after the other with the same buffers and decompressors.
type expander struct {
	raw  *bufio.Reader // over the file
	text *bufio.Reader // over the decompressed bytes
	gzip *gzip.Reader
	zstd *zstd.Decoder
}

// body is an opened file's text. It remembers its own failure, because a caller may judge what came before and not tell.
type body struct {
	*bufio.Reader       // what to read from; sniffing peeks into it
	in, out       int64 // bytes read as stored, and expanded
	ended         bool  // the file's end was seen
	err           error
}

// open decompresses by the content's magic number, whatever the name says. The body is valid until the next open.
func (x *expander) open(in io.Reader, maxExpanded, maxRatio int64) (*body, error) {
	if x.raw == nil {
		x.raw, x.text = bufio.NewReaderSize(nil, 4*peekBytes), bufio.NewReaderSize(nil, 4*peekBytes)
	}
	b := &body{}
	// Counting below the buffer sees what was taken from the file, which is what a ratio is measured against.
	x.raw.Reset(&counted{in: in, body: b})
	magic, err := x.raw.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("unreadable: %w", err)
	}
	guard := &capped{body: b, most: maxExpanded, ratio: maxRatio}
	switch {
	// Members one after the other, as joined log files have them, are one text.
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		if x.gzip == nil {
			x.gzip = new(gzip.Reader)
		}
		if err := x.gzip.Reset(x.raw); err != nil {
			return nil, brokenAt("gzip", err)
		}
		guard.in, guard.what = x.gzip, "gzip"
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")):
		if err := x.resetZstd(); err != nil {
			return nil, brokenAt("zstd", err)
		}
		guard.in, guard.what = x.zstd, "zstd"
	default:
		guard.in = x.raw
		guard.ratio = 0 // what is not compressed cannot expand
	}
	// A second buffer, so that sniffing can look at the text without taking it from whoever reads next.
	x.text.Reset(guard)
	b.Reader = x.text
	return b, nil
}

func (x *expander) resetZstd() (err error) {
	if x.zstd != nil {
		return x.zstd.Reset(x.raw)
	}
	// One goroutine per decoder: the workers are the concurrency.
	x.zstd, err = zstd.NewReader(x.raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderMaxWindow(zstdMemory))
	return err
}

func (x *expander) close() {
	if x.zstd != nil {
		x.zstd.Close()
	}
}

// counted counts the bytes of the file as stored.
type counted struct {
	in   io.Reader
	body *body
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.body.in += int64(n)
	c.body.ended = c.body.ended || err == io.EOF
	return n, err
}

// shrunk says that a file ended before the size that it had when it was opened: somebody cut it meanwhile, and what was cut
// off may have been what matters.
func (b *body) shrunk(size int64) string {
	if !b.ended || b.in >= size {
		return ""
	}
	return fmt.Sprintf("%d of its %d bytes were there: it was cut while it was read", b.in, size)
}

// capped ends a file that expands beyond measure, and turns a broken end into an error that says so.
type capped struct {
	in    io.Reader
	what  string // gzip, zstd, or empty for plain text
	body  *body
	most  int64
	ratio int64 // 0 for none
}

func (c *capped) Read(p []byte) (int, error) {
	// The buffer above asks again after an error; the answer must not change.
	if c.body.err != nil {
		return 0, c.body.err
	}
	n, err := c.in.Read(p)
	c.body.out += int64(n)
	switch {
	// The bytes over the cap are still handed on: they are few, and records in them are as good as any.
	case c.body.out > c.most:
		c.body.err = fmt.Errorf("expands beyond %d bytes", c.most)
	case c.ratio > 0 && c.body.out > ratioFrom && c.body.out/c.ratio > c.body.in:
		c.body.err = fmt.Errorf("expands beyond %d times its size", c.ratio)
	case err == nil || err == io.EOF:
		return n, err
	default:
		c.body.err = brokenAt(c.what, err)
	}
	return n, c.body.err
}

// brokenAt tells a file that only lacks its end, as one does that is still being copied, from one with wrong bytes.
func brokenAt(what string, err error) error {
	switch {
	case what == "":
		return fmt.Errorf("unreadable: %w", err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("truncated %s: %w", what, err)
	}
	return fmt.Errorf("broken %s: %w", what, err)
}
