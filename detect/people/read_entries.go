package people

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/quell-ir/quell"
)

// Most entries that a list may have. AWS bounds the accounts of an organisation far below this, on request.
const maxEntries = 50_000

// Entry is one word of a list and where it stands, for messages: "--own-accounts" or "accounts.txt:3".
type Entry struct {
	Text, Where string
}

// SplitLines makes entries of a file: one per line, empty lines and what follows a # left out.
func SplitLines(name string, data []byte) []Entry {
	var out []Entry
	// Editors of other systems put a mark in front and a carriage return behind: neither belongs to an id.
	for i, line := range strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, Entry{line, fmt.Sprintf("%s:%d", name, i+1)})
		}
	}
	return out
}

// ReadAccounts takes account ids, sorted, each once.
func ReadAccounts(entries []Entry) ([]string, error) {
	return readEach(entries, func(e Entry) (string, error) {
		// Not a digit more or less: an id that lost its leading zero would be a list without that account, and nobody would know.
		if len(e.Text) != 12 || strings.Trim(e.Text, "0123456789") != "" {
			return "", wrong(e.Where, fmt.Sprintf("%q is no account id", e.Text), "write its twelve digits, with the zeros in front (in quell.yaml in quotes)")
		}
		return e.Text, nil
	})
}

// ReadPrincipals takes ARNs and names of roles and users, with wildcards. A pattern that fits everybody is refused.
func ReadPrincipals(entries []Entry) ([]string, error) {
	return readEach(entries, func(e Entry) (string, error) {
		const next = "write the ARN or the name of a role or user, such as arn:aws:iam::111122223333:role/BreakGlass or BreakGlass*"
		// What must not be all wildcards is the name; the account and the path before it may be.
		name := e.Text
		if isARN(name) {
			parts := strings.SplitN(name, ":", 6)
			// iam for users and roles, sts for a session: the ARN of a resource would match nothing, for ever.
			if len(parts) < 6 || (parts[2] != "iam" && parts[2] != "sts") {
				return "", wrong(e.Where, fmt.Sprintf("%q is no ARN of a principal", e.Text), next)
			}
			name = parts[5]
			if _, last, found := strings.Cut(name, "/"); found {
				name = last
			}
		}
		switch {
		case strings.Trim(name, "*?/") == "":
			return "", wrong(e.Where, fmt.Sprintf("%q fits everybody", e.Text), next)
		// No name in IAM has white space: this is two entries, or a sentence.
		case strings.ContainsFunc(e.Text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
			return "", wrong(e.Where, fmt.Sprintf("%q is no name", e.Text), next)
		}
		return e.Text, nil
	})
}

// ReadNetworks takes networks in CIDR notation and single addresses.
func ReadNetworks(entries []Entry) ([]netip.Prefix, error) {
	words, err := readEach(entries, func(e Entry) (string, error) {
		const next = "write a network such as 198.51.100.0/24 or 2001:db8::/32"
		// An office with one fixed address is given by that address.
		net, err := netip.ParsePrefix(e.Text)
		if addr, alone := netip.ParseAddr(e.Text); alone == nil {
			net, err = addr.WithZone("").Prefix(addr.BitLen())
		}
		switch {
		case err != nil:
			return "", wrong(e.Where, fmt.Sprintf("%q is no network", e.Text), next)
		case net.Addr().Is4In6() && net.Bits() >= 96:
			net = netip.PrefixFrom(net.Addr().Unmap(), net.Bits()-96) // addresses in logs are compared unmapped
		}
		// Trust in half the Internet is a slip of the pen, and would end a judgement without a word.
		if net.Bits() < 8 {
			return "", wrong(e.Where, fmt.Sprintf("%q is too wide to be one's own", e.Text), next)
		}
		return net.Masked().String(), nil
	})
	var out []netip.Prefix
	for _, word := range words {
		out = append(out, netip.MustParsePrefix(word)) // written by String above
	}
	return out, err
}

// readEach reads entries by one function and gives what they say sorted, each once.
func readEach(entries []Entry, read func(Entry) (string, error)) ([]string, error) {
	var out []string
	for _, e := range entries {
		word, err := read(e)
		if err != nil {
			return nil, err
		}
		out = append(out, word)
	}
	// Sorted, so that the order in a file changes nothing in what is compiled from it.
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > maxEntries {
		return nil, wrong(entries[0].Where, fmt.Sprintf("%d entries are more than a list may have", len(out)), fmt.Sprintf("give at most %d", maxEntries))
	}
	return out, nil
}

// wrong is an entry that cannot be meant. It ends the hunt: to go on without it would be to judge by half a list, and the
// half that is missing is the one that nobody looks at.
func wrong(where, what, next string) error {
	return &quell.Error{Code: quell.CodeUsage, What: where + ": " + what, Next: next}
}
