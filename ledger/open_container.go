package ledger

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds of a bundle that a stranger made.
const (
	// maxDirectory is in bytes; package zip holds about three times as much in memory.
	maxDirectory = 16 << 20
	// maxSwell is by how much a repacked bundle's content may exceed the file, before it is taken for a bomb.
	maxSwell = 200
	endSize  = 22
)

// openContainer opens the archive after checking that its directory is at its very end and of bearable size. It is
// strict where package zip is lenient: nothing may stand before the first file or after the end.
func openContainer(r io.ReaderAt, size int64) (*zip.Reader, error) {
	start, end := make([]byte, 4), make([]byte, endSize)
	if size < endSize+4 {
		return nil, errors.New("it is too short to be a bundle")
	}
	if err := readAt(r, start, 0); err != nil {
		return nil, err
	}
	if err := readAt(r, end, size-endSize); err != nil {
		return nil, err
	}
	if !bytes.Equal(start, []byte("PK\x03\x04")) || !bytes.HasPrefix(end, []byte("PK\x05\x06")) {
		return nil, errors.New("it is no bundle, or its beginning or end is cut off or covered")
	}
	directory, err := directorySize(r, size, end)
	if err != nil {
		return nil, err
	}
	if directory > maxDirectory {
		return nil, fmt.Errorf("its directory has %d bytes and may have %d", directory, maxDirectory)
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("read its directory: %w", err)
	}
	// Entries may overlap, so that a small file declares much content without any compression: the sum counts too.
	total := uint64(0)
	for _, f := range z.File {
		if f.UncompressedSize64 > uint64(size)*maxSwell || total > uint64(size)*maxSwell {
			return nil, errors.New("it would unpack to far more than its own size")
		}
		total += f.UncompressedSize64
	}
	return z, nil
}

// directorySize reads how long the directory is, also where that stands in the records for large archives.
func directorySize(r io.ReaderAt, size int64, end []byte) (uint64, error) {
	short := binary.LittleEndian.Uint32(end[12:])
	if short != 0xffffffff && binary.LittleEndian.Uint32(end[16:]) != 0xffffffff && binary.LittleEndian.Uint16(end[10:]) != 0xffff {
		return uint64(short), nil
	}
	locator, record := make([]byte, 20), make([]byte, 56)
	if err := readAt(r, locator, size-endSize-20); err != nil {
		return 0, err
	}
	at := binary.LittleEndian.Uint64(locator[8:])
	if at > uint64(size) {
		return 0, errors.New("its directory lies outside of it")
	}
	if err := readAt(r, record, int64(at)); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(record[40:]), nil
}

func readAt(r io.ReaderAt, p []byte, at int64) error {
	if at < 0 {
		return errors.New("it is too short to be a bundle")
	}
	if n, err := r.ReadAt(p, at); n < len(p) {
		return fmt.Errorf("read it: %w", err)
	}
	return nil
}

// openFile opens a file of the archive for as many bytes as its header says. It leaves the checksum out: a changed record
// must be found by its number, not hidden behind an error about the archive.
func openFile(f *zip.File) (io.Reader, error) {
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, err
	}
	switch f.Method {
	case zip.Store:
		return raw, nil
	case zip.Deflate:
		return io.LimitReader(flate.NewReader(raw), int64(f.UncompressedSize64)), nil
	}
	return nil, fmt.Errorf("packed by method %d, which bundles don't use", f.Method)
}

// likeness is a writer that compares what is written with the bundle, byte by byte.
type likeness struct {
	r      io.ReaderAt
	at     int64
	differ int64 // the first place that differs, -1 for none
	buffer []byte
}

// Write implements io.Writer and never fails.
func (c *likeness) Write(p []byte) (int, error) {
	if c.differ < 0 {
		if len(c.buffer) < len(p) {
			c.buffer = make([]byte, len(p))
		}
		got, _ := c.r.ReadAt(c.buffer[:len(p)], c.at)
		for i := range p {
			if i >= got || p[i] != c.buffer[i] {
				c.differ = c.at + int64(i)
				break
			}
		}
	}
	c.at += int64(len(p))
	return len(p), nil
}
