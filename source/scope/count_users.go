package scope

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

const (
	// recent is how far back use counts as what will break.
	recent   = 24 * time.Hour
	maxUsers = 20
)

// use is one program at one address.
type use struct {
	agent, address string
	calls, refused int
	last           time.Time
}

// usedBy tells in lines for people who used the credentials in the last day, and so what stops when they stop:
// "pipeline/1.2 from 203.0.113.7, 412 calls, last 02:55Z", the busiest first, twenty at most.
func usedBy(events []quell.Event, now time.Time) []string {
	uses := map[[2]string]*use{}
	for _, e := range events {
		if e.Time.Before(now.Add(-recent)) {
			continue
		}
		key := [2]string{family(e.UserAgent), cmp.Or(quell.Cut(e.SourceIP, 64), "an unknown address")}
		u := uses[key]
		if u == nil {
			u = &use{agent: key[0], address: key[1]}
			uses[key] = u
		}
		u.calls++
		if !e.Succeeded() {
			u.refused++
		}
		if e.Time.After(u.last) {
			u.last = e.Time
		}
	}
	sorted := slices.SortedFunc(maps.Values(uses), func(a, b *use) int {
		return cmp.Or(cmp.Compare(b.calls, a.calls), cmp.Compare(a.agent, b.agent), cmp.Compare(a.address, b.address))
	})
	lines := []string{}
	for i, u := range sorted {
		if i == maxUsers {
			lines = append(lines, fmt.Sprintf("and %d more programs and addresses", len(sorted)-maxUsers))
			break
		}
		lines = append(lines, u.line())
	}
	return lines
}

func (u *use) line() string {
	calls := fmt.Sprintf("%d calls", u.calls)
	if u.calls == 1 {
		calls = "1 call"
	}
	switch {
	case u.refused == u.calls:
		calls += ", all refused" // nothing breaks that does not work
	case u.refused > 0:
		calls += fmt.Sprintf(", %d refused", u.refused)
	}
	return fmt.Sprintf("%s from %s, %s, last %s", u.agent, u.address, calls, u.last.UTC().Format("15:04Z"))
}

// family is what in a user agent names the program: its app id where one is set, else the first product with two parts of
// its version. Builds and platforms would tell one pipeline's runners apart as many.
func family(agent string) string {
	agent = strings.Trim(quell.Clean(agent), "[] ")
	if agent == "" {
		return "an unnamed program"
	}
	words := strings.Fields(agent)
	product, version, versioned := strings.Cut(words[0], "/")
	name := product
	if versioned {
		parts := strings.SplitN(version, ".", 3)
		name += "/" + strings.Join(parts[:min(len(parts), 2)], ".")
	}
	for _, word := range words[1:] {
		if app, found := strings.CutPrefix(word, "app/"); found && app != "" {
			name = app + " (" + name + ")"
			break
		}
	}
	return quell.Cut(name, 60)
}
