package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/people"
	"github.com/quell-ir/quell/detect/travel"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source/geo"
)

// PeopleFlags say who belongs here. Rules ask for them by name; without one its rules are blind, and a hunt says so.
type PeopleFlags struct {
	OwnAccounts []string `help:"Account ids of the organisation, or @FILE with one per line: sharing among them is not foreign." env:"QUELL_OWN_ACCOUNTS" placeholder:"ID" group:"people"`
	BreakGlass  []string `help:"Roles and users for emergencies, by ARN or name, with * and ?; or @FILE. Any use of them is a finding." env:"QUELL_BREAK_GLASS" placeholder:"NAME" group:"people"`
	Leavers     string   `help:"Who has left: .csv, .yaml or .json of who, since and note. Any act of theirs since is a finding." env:"QUELL_LEAVERS" type:"path" placeholder:"FILE" group:"people"`
	Geo         string   `help:"City or Country file in MaxMind's format: finds people who sign in from two places too far apart." env:"QUELL_GEO" type:"path" placeholder:"FILE.mmdb" group:"people"`
	ASN         string   `help:"ASN file in MaxMind's format: leaves out sign-ins from clouds and VPN services." name:"asn" env:"QUELL_ASN" type:"path" placeholder:"FILE.mmdb" group:"people"`
	Trusted     []string `help:"Networks in which an address says nothing of where somebody is: VPN, offices; or @FILE." name:"trusted-networks" env:"QUELL_TRUSTED_NETWORKS" placeholder:"CIDR" group:"people"`
}

// wordsOf writes the numbers in a list as text: YAML reads an account id as a number, and flags take words. One with zeros
// in front comes out shorter than it is written, which is told as no account id.
func wordsOf(setting any) any {
	list, ok := setting.([]any)
	if !ok {
		return setting
	}
	out := make([]any, len(list))
	for i, item := range list {
		switch item.(type) {
		case int64, uint64, int:
			out[i] = fmt.Sprint(item)
		default:
			out[i] = item
		}
	}
	return out
}

// oldPlaces is when a file of places is too old to pass without a word; MaxMind writes a new one twice a week.
const oldPlaces = 365 * 24 * time.Hour

// maxListFile bounds a list that is read whole.
const maxListFile = 8 << 20

// load reads the lists and opens the files.
func (f *PeopleFlags) load() (*hunt.People, error) {
	// Lists of words first: they are what is mistyped most, and told before a large file is opened.
	out := &hunt.People{}
	for _, list := range []struct {
		flag string
		text []string
		read func([]people.Entry) error
	}{
		{"--own-accounts", f.OwnAccounts, func(e []people.Entry) (err error) { out.Accounts, err = people.ReadAccounts(e); return err }},
		{"--break-glass", f.BreakGlass, func(e []people.Entry) (err error) { out.BreakGlass, err = people.ReadPrincipals(e); return err }},
		{"--trusted-networks", f.Trusted, func(e []people.Entry) (err error) { out.Trusted, err = people.ReadNetworks(e); return err }},
	} {
		entries, err := entriesOf(list.flag, list.text)
		if err == nil {
			err = list.read(entries)
		}
		if err != nil {
			return nil, err
		}
	}
	if f.Leavers != "" {
		data, err := readList("--leavers", f.Leavers)
		if err != nil {
			return nil, err
		}
		if out.Leavers, err = people.ReadLeavers(f.Leavers, data); err != nil {
			return nil, err
		}
	}
	switch {
	case f.Geo != "":
		places, err := geo.Open(f.Geo, f.ASN)
		if err != nil {
			return nil, err
		}
		out.Places = located{places}
	case f.ASN != "":
		return nil, &quell.Error{Code: quell.CodeUsage, What: "--asn alone tells no places", Next: "give --geo a City or Country file as well"}
	}
	return out, nil
}

// located has the judge of journeys ask a file.
type located struct{ *geo.DB }

// Locate implements travel.Locator.
func (l located) Locate(addr netip.Addr) (travel.Place, bool) {
	place, ok := l.DB.Locate(addr)
	return travel.Place(place), ok
}

// whoBelongs is what the flags say, read once.
func (m *Main) whoBelongs(builtin bool) (*hunt.People, error) {
	// An alarm is followed through several hunters; each would map the files anew.
	if m.who != nil {
		return m.who, nil
	}
	who, err := m.cli.PeopleFlags.load()
	if err != nil {
		return nil, err
	}
	if !builtin && len(who.Leavers)+len(who.BreakGlass) > 0 {
		m.say("--no-builtin leaves out the rules that ask for --leavers and --break-glass")
	}
	if places, ok := who.Places.(located); ok && m.Clock.Now().Sub(places.Built()) > oldPlaces {
		m.say("the file of --geo was made on %s: addresses have moved since, and some journeys will be wrong", places.Built().Format(time.DateOnly))
	}
	m.who = who
	return who, nil
}

// entriesOf takes a flag's words, and the lines of the files that it names with @.
func entriesOf(flag string, words []string) ([]people.Entry, error) {
	// An environment variable that is set and empty is one empty word, and means no list.
	var out []people.Entry
	for _, word := range words {
		word = strings.TrimSpace(word)
		path, isFile := strings.CutPrefix(word, "@")
		switch {
		case isFile:
			data, err := readList(flag, path)
			if err != nil {
				return nil, err
			}
			out = append(out, people.SplitLines(path, data)...)
		case word != "":
			out = append(out, people.Entry{Text: word, Where: flag})
		}
	}
	return out, nil
}

// readList reads a list whole. One that is missing or too long ends the hunt: half a list would judge half the people.
func readList(flag, path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &quell.Error{Code: quell.CodeUsage, What: "read the list of " + flag, Err: err, Next: "name a file that is there"}
	}
	defer file.Close()
	// One byte more than allowed, to know that there is more.
	data, err := io.ReadAll(io.LimitReader(file, maxListFile+1))
	switch {
	case err != nil:
		return nil, &quell.Error{Code: quell.CodeUsage, What: "read the list of " + flag, Err: err, Next: "name a file that can be read"}
	case len(data) > maxListFile:
		return nil, &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("%s has more than %d MiB", path, maxListFile>>20), Next: "this is no list; name another file"}
	}
	return data, nil
}
