package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// checkPaths fails before anything is read where a person named something that is not there.
func checkPaths(paths []string, opts Options) error {
	for _, path := range paths {
		if path == "-" {
			if opts.Stdin == nil {
				return errors.New("read -: no standard input was given")
			}
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return &quell.Error{Code: quell.CodeUsage, What: "cannot read " + path, Err: err, Next: "name a file, a folder or - for standard input"}
		}
	}
	return nil
}

// walker finds files below the paths. Links are followed, since log folders are often mounted by one, but nothing is
// read twice: the same event judged twice would count twice in a correlation.
type walker struct {
	opts  Options
	tally *tally
	send  func(path string) error
	roots []string // real paths of the folders walked so far
	files map[string]bool
	stdin bool
}

func (w *walker) walk(ctx context.Context, paths []string) error {
	w.files = map[string]bool{}
	for _, path := range paths {
		if path == "-" {
			// It can be read but once, however often it is named.
			if w.stdin {
				continue
			}
			w.stdin = true
			if err := w.send(path); err != nil {
				return err
			}
			continue
		}
		if err := w.follow(ctx, path, true); err != nil {
			return err
		}
	}
	return nil
}

// follow reads what a person named, or else a link.
func (w *walker) follow(ctx context.Context, path string, byPerson bool) error {
	info, err := os.Stat(path)
	if err != nil {
		w.tally.skip(path, "unreadable: "+plainError(err))
		return nil
	}
	if byPerson && info.Mode()&fs.ModeNamedPipe != 0 {
		return w.send(path) // a shell's <(command): it has no real path and can be read but once
	}
	// Real paths make two names of one folder equal. Names alone would let a link to a parent go round for ever.
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		w.tally.skip(path, "unreadable: "+plainError(err))
		return nil
	}
	if root := w.within(real); root != "" {
		w.tally.skip(path, "already read as a part of "+root)
		return nil
	}
	if !info.IsDir() {
		if w.files[real] {
			w.tally.skip(path, "already read as "+real)
			return nil
		}
		w.files[real] = true
		return w.file(path, info.Mode())
	}
	// Noted before it is walked: a link inside that leads back here is then known.
	w.roots = append(w.roots, real)
	return w.folder(ctx, path, real)
}

// within names the folder walked that real lies in.
func (w *walker) within(real string) string {
	for _, root := range w.roots {
		if real == root || strings.HasPrefix(real, strings.TrimSuffix(root, string(filepath.Separator))+string(filepath.Separator)) {
			return root
		}
	}
	return ""
}

// folder walks one folder. real is its path without links, which the entries' own real paths are made of without asking
// the file system for each.
func (w *walker) folder(ctx context.Context, path, real string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(path)
	// ReadDir gives the entries it got before an error, so those are still read.
	if err != nil {
		w.tally.skip(path, "unreadable: "+plainError(err))
	}
	var links []string
	for _, entry := range entries {
		name, inside := filepath.Join(path, entry.Name()), filepath.Join(real, entry.Name())
		switch {
		case entry.Type()&fs.ModeSymlink != 0:
			links = append(links, name)
			// Logs are often kept beside rules in one repository; its objects are compressed and would each be opened.
		case entry.IsDir() && entry.Name() == ".git":
			w.tally.skip(name, "not logs: a version history")
		case entry.IsDir() && slices.Contains(w.roots, inside):
			w.tally.skip(name, "already read as "+inside)
		case entry.IsDir():
			if err := w.folder(ctx, name, inside); err != nil {
				return err
			}
		case w.files[inside]:
			w.tally.skip(name, "already read as "+inside)
		default:
			if err := w.file(name, entry.Type()); err != nil {
				return err
			}
		}
	}
	// Links last: one into this very tree is then known to be a repetition.
	for _, link := range links {
		if err := w.follow(ctx, link, false); err != nil {
			return err
		}
	}
	return nil
}

// file sends a file on, unless it is of a sort that holds no events or its key says that nobody asked for it.
func (w *walker) file(path string, mode fs.FileMode) error {
	// To open a pipe or a device that lies in a folder could block for ever.
	if !mode.IsRegular() {
		w.tally.skip(path, fmt.Sprintf("not a regular file: %s", mode.Type()))
		return nil
	}
	// Digests are JSON like the logs beside them: without this they would count as files without a single event.
	if k, ok := parseKey(path); ok && k.service == "CloudTrail-Digest" {
		w.tally.skip(path, "not a log: a CloudTrail digest, which holds hashes of log files")
		return nil
	}
	if skip, _ := w.opts.Skip(path); skip {
		w.tally.filter()
		return nil
	}
	return w.send(path)
}
