package baseline

import (
	"cmp"
	"maps"
	"slices"
)

// Book is a set of profiles. The zero value is empty and ready.
type Book struct {
	profiles map[ID]*Profile
	// Dropped counts profiles that were forgotten for want of room, the longest unseen first.
	Dropped int64
}

// Len is the number of profiles.
func (b *Book) Len() int { return len(b.profiles) }

// Profile is one principal's, nil where none is known.
func (b *Book) Profile(id ID) *Profile { return b.profiles[id] }

// Profiles are all, sorted by account and principal.
func (b *Book) Profiles() []*Profile {
	return slices.SortedFunc(maps.Values(b.profiles), func(x, y *Profile) int {
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.Principal, y.Principal))
	})
}

// Find gives the profiles of which the text is the principal's id or name; a principal may be known in several accounts.
func (b *Book) Find(text string) []*Profile {
	var out []*Profile
	for _, p := range b.Profiles() {
		if p.Principal == text || p.Name == text {
			out = append(out, p)
		}
	}
	return out
}

// Remove forgets a profile.
func (b *Book) Remove(id ID) { delete(b.profiles, id) }

// Join adds what another book knows, which is left as it was. Joining is the same in any order and any number of times,
// as long as nothing has to be dropped.
func (b *Book) Join(o *Book) {
	for _, p := range o.Profiles() {
		b.put(p)
	}
	b.Dropped = max(b.Dropped, o.Dropped)
	b.limit()
}

// limit forgets profiles beyond what a book holds.
func (b *Book) limit() {
	b.Dropped += int64(forget(b.profiles, maxProfiles, func(x ID, p *Profile, y ID, q *Profile) int {
		return cmp.Or(p.Last.Compare(q.Last), cmp.Compare(x.Principal, y.Principal), cmp.Compare(x.Account, y.Account))
	}))
}

// put unites a profile with what the book has of the principal.
func (b *Book) put(p *Profile) {
	if b.profiles == nil {
		b.profiles = map[ID]*Profile{}
	}
	have := b.profiles[p.ID()]
	if have == nil {
		// An empty one that takes all in: the maps of p are not to be shared.
		have = &Profile{Account: p.Account, Principal: p.Principal, Name: p.Name, Kind: p.Kind, Mark: p.Mark,
			Values: map[Dimension]map[string]Mark{}, Volumes: map[string]map[int32]int64{}}
		b.profiles[p.ID()] = have
	}
	have.join(p)
}
