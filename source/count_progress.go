package source

import (
	"context"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// Progress is how far a reading has come. Whoever reads adds to it without a lock; whoever shows it looks when it likes.
// The zero value is ready.
type Progress struct {
	bytes, files           atomic.Int64
	totalBytes, totalFiles atomic.Int64
	counted                atomic.Bool
}

// Reached is a look at a Progress. Bytes are as stored, those of files that turned out to be no logs among them. Total and
// TotalFiles are what there is to read, once it is counted; before, and where it cannot be known, they are -1.
type Reached struct {
	Bytes, Total      int64
	Files, TotalFiles int64
}

// Look says how far the reading has come. It may be called at any time from any goroutine.
func (p *Progress) Look() Reached {
	r := Reached{Bytes: p.bytes.Load(), Files: p.files.Load(), Total: -1, TotalFiles: -1}
	// Half a count is no total: time left would come out too short at first.
	if p.counted.Load() {
		// A file that grew since it was counted must not make more than all.
		r.Total, r.TotalFiles = max(p.totalBytes.Load(), r.Bytes), max(p.totalFiles.Load(), r.Files)
	}
	return r
}

// count adds up what the paths hold while others read them already. The function returned ends it.
func (p *Progress) count(ctx context.Context, paths []string, opts Options) (stop func()) {
	if p == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.survey(ctx, paths, opts)
	}()
	return func() {
		cancel()
		<-done
	}
}

// survey walks as a reading does, so that what is left out there is left out here too.
func (p *Progress) survey(ctx context.Context, paths []string, opts Options) {
	// What is skipped on the way is told by the reading itself, so this tally is thrown away.
	known := true
	w := walker{opts: opts, tally: &tally{}, send: func(path string) error {
		info, err := os.Stat(path)
		switch {
		case path == "-" || err == nil && !info.Mode().IsRegular():
			known = false // a pipe ends when it ends
		case err == nil:
			p.totalBytes.Add(info.Size())
		}
		p.totalFiles.Add(1)
		return ctx.Err()
	}}
	if err := w.walk(ctx, paths); err == nil && known {
		p.counted.Store(true)
	}
}

// watch counts what is read of one file. The function returned tells that the file is done with: what was left of its size
// needs no reading any more.
func (p *Progress) watch(in io.Reader, size int64) (io.Reader, func()) {
	if p == nil {
		return in, func() {}
	}
	w := &watched{in: in, all: &p.bytes}
	return w, func() {
		p.bytes.Add(max(size-w.read, 0))
		p.files.Add(1)
	}
}

// pass tells that a file will not be read.
func (p *Progress) pass(path string) {
	if p == nil {
		return
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		p.bytes.Add(info.Size())
	}
	p.files.Add(1)
}

// watched adds to the sum at every read of a file: once for each quarter of a megabyte, which costs nothing.
type watched struct {
	in   io.Reader
	all  *atomic.Int64
	read int64
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.in.Read(b)
	w.read += int64(n)
	w.all.Add(int64(n))
	return n, err
}

// regularSize is a file's size, 0 for what is no regular file.
func regularSize(file *os.File) int64 {
	if info, err := file.Stat(); err == nil && info.Mode()&fs.ModeType == 0 {
		return info.Size()
	}
	return 0
}
