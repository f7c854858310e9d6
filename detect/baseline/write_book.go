package baseline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/quell-ir/quell"
)

// header is the first line of a kept book. A later version of the format gets another number.
type header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Dropped int64  `json:"dropped,omitempty"`
}

const (
	formatName    = "quell-baseline"
	formatVersion = 1
	// maxLine bounds one profile's text, in bytes: all values at their longest stay below.
	maxLine = 4 << 20
)

// Write writes the book: a line of JSON that says what it is, then a line for each profile, sorted.
func (b *Book) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	err := enc.Encode(header{formatName, formatVersion, b.Dropped})
	for _, p := range b.Profiles() {
		if err == nil {
			err = enc.Encode(p)
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("write baseline: %w", err)
	}
	return nil
}

// Read reads what Write wrote. A file may come from anywhere: sizes are bounded, names cleaned, and one bad line refuses
// the whole, because a baseline half read would call ordinary work strange. Empty input is an empty book.
func Read(r io.Reader) (*Book, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	b := &Book{}
	for n := 1; lines.Scan(); n++ {
		text := bytes.TrimSpace(lines.Bytes())
		var err error
		switch {
		case len(text) == 0:
		case n == 1:
			err = b.readHeader(text)
		case b.Len() >= maxProfiles:
			err = fmt.Errorf("more than %d principals", maxProfiles)
		default:
			err = b.readProfile(text)
		}
		if err != nil {
			return nil, damaged(fmt.Errorf("line %d: %w", n, err))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, damaged(err)
	}
	return b, nil
}

// damaged tells people what to do about a baseline that cannot be read.
func damaged(err error) error {
	return &quell.Error{Code: quell.CodeFailed, What: "the baseline cannot be read", Err: err,
		Next: "import one that `quell baseline export` wrote, or clear it and learn again"}
}

// readHeader refuses what another program, or a later version of this one, wrote.
func (b *Book) readHeader(text []byte) error {
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return err
	}
	if h.Format != formatName {
		return errors.New("this is no baseline")
	}
	if h.Version != formatVersion {
		return fmt.Errorf("its version is %d, this program knows %d", h.Version, formatVersion)
	}
	b.Dropped = max(h.Dropped, 0)
	return nil
}

var accountID = regexp.MustCompile(`^[0-9]{0,12}$`)

func (b *Book) readProfile(text []byte) error {
	var p Profile
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	if p.Principal == "" || !accountID.MatchString(p.Account) {
		return errors.New("a profile without an account and a principal")
	}
	if err := p.check(); err != nil {
		return fmt.Errorf("%s: %w", quell.Cut(p.Principal, 64), err)
	}
	b.put(&p)
	return nil
}

// check refuses what learning could not have written.
func (p *Profile) check() error {
	names := []string{p.Principal, p.Name, p.Kind}
	if !p.Mark.possible() || p.Dropped < 0 {
		return errors.New("times that cannot be")
	}
	for dim, values := range p.Values {
		if !slices.Contains(dimensions(), dim) {
			return fmt.Errorf("dimension %q is not known", quell.Cut(string(dim), 40))
		}
		for value, mark := range values {
			names = append(names, value)
			if !mark.possible() {
				return errors.New("times that cannot be")
			}
		}
	}
	for call, days := range p.Volumes {
		names = append(names, call)
		for day, n := range days {
			if day < 0 || day > lastWord<<6 || n < 0 {
				return errors.New("a volume that cannot be")
			}
		}
	}
	for _, name := range names {
		if len(name) > 4*maxName || quell.Clean(name) != name {
			return errors.New("a name that cannot be")
		}
	}
	return nil
}

// possible says whether a mark's times are in order and within what JSON and days can hold.
func (m Mark) possible() bool {
	return !m.First.After(m.Last) && m.First.Year() >= 1970 && m.Last.Year() < 2300
}

// dimensions are those a file may have.
func dimensions() []Dimension {
	return []Dimension{Region, Service, Network, Owner, Country, Program, Call, Key}
}
