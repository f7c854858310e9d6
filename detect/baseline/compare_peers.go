package baseline

import "cmp"

// established is how long others must have used a thing before it counts as theirs. An intruder who tries several principals
// on one day must not vouch for himself.
const established = 7 * daySeconds

// peers know since when each thing has been used by anyone who may be compared: what is new for one role and everyday for
// its neighbours is a change of duties, and there are many a day in an organisation.
type peers map[peerKey]int64

type peerKey struct {
	dim          Dimension
	scope, value string
}

// scope says with whom a principal is compared. Networks, their owners and countries are the whole organisation's: offices, gateways, carriers. Regions
// are an account's. Duties and programs are those of whoever bears the same name, for one role is often rolled out to
// every account.
func scope(dim Dimension, account, name string) string {
	switch dim {
	case Network, Owner, Country:
		return ""
	case Region:
		return account
	}
	return name
}

// gatherPeers looks through what was learnt before and through the events at hand.
func (c *Collector) gatherPeers(prior *Book) peers {
	out := peers{}
	for _, p := range prior.Profiles() {
		name := duty(cmp.Or(p.Name, p.Principal))
		for dim, values := range p.Values {
			for value, mark := range values {
				out.put(dim, p.Account, name, value, mark.First.Unix())
			}
		}
	}
	for id, s := range c.seen {
		out.gather(id, s)
	}
	return out
}

// gather takes in what one principal did in the events at hand.
func (p peers) gather(id ID, s *seen) {
	name := duty(cmp.Or(s.name, id.Principal))
	for dim, values := range s.values {
		for value, sg := range values {
			p.put(dim, id.Account, name, value, sg.first())
		}
	}
}

func (p peers) put(dim Dimension, account, name, value string, at int64) {
	k := peerKey{dim, scope(dim, account, name), value}
	if have, ok := p[k]; !ok || at < have {
		p[k] = at
	}
}

// know says whether others used the value long enough before the time.
func (p peers) know(dim Dimension, id ID, name, value string, at int64) bool {
	first, ok := p[peerKey{dim, scope(dim, id.Account, duty(cmp.Or(name, id.Principal))), value}]
	return ok && first <= at-established
}
