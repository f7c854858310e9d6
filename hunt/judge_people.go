package hunt

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/people"
	"github.com/quell-ir/quell/detect/travel"
)

// People is what a user says about who belongs here. It may be nil or empty; then what needs it is told to be blind.
type People struct {
	people.Lists
	// Places knows where addresses are; without it nobody's journeys are judged.
	Places travel.Locator
}

// Keys of a rule that is a copy for one leaver: the id of the rule it is a copy of, which its findings name, and whom it is
// about.
const (
	instanceOf = "instance_of"
	about      = "about"
)

// leaverPlaceholder marks the rules that are copied for each leaver.
const leaverPlaceholder = "leaver_since"

// circle is what a Hunter keeps about people.
type circle struct {
	folds    folds
	journeys *travel.Judge
	signedIn bool // a person did, whether or not journeys are judged
	changed  bool // since fresh was asked last
}

// fill makes the rules and values to compile: a copy for each leaver of the rules on leavers, which stay where there is
// none and are blind, and the rule for sign-ins.
func (p *People) fill(rules []*detect.Rule) ([]*detect.Rule, map[string][]string, error) {
	if p == nil {
		p = &People{}
	}
	logins, problems := detect.Parse("travel", []byte(travel.Rule))
	if len(problems) > 0 {
		return nil, nil, problems[0]
	}
	// Without places it is enough to know that there are sign-ins at all.
	logins[0].Once = p.Places == nil
	out := slices.Clone(logins)
	// The rule itself gives way to its copies; a blind one beside them would be told as blind.
	for _, r := range rules {
		if len(p.Leavers) == 0 || !slices.Contains(r.Asks(), leaverPlaceholder) {
			out = append(out, r)
			continue
		}
		for i := range p.Leavers {
			made, err := forLeaver(r, &p.Leavers[i])
			if err != nil {
				return nil, nil, err
			}
			out = append(out, made)
		}
	}
	return out, p.Placeholders(), nil
}

// forLeaver copies a rule for one leaver.
func forLeaver(r *detect.Rule, l *people.Leaver) (*detect.Rule, error) {
	made, err := r.Filled(r.ID+"/"+quell.ShortHash(12, strings.ToLower(l.Who)), l.Placeholders())
	if err != nil {
		return nil, fmt.Errorf("make the rule for the leaver %s: %w", quell.Cut(l.Who, 64), err)
	}
	// Every copy says whom it is about, so none may share the original's data.
	made.Custom = maps.Clone(made.Custom)
	if made.Custom == nil {
		made.Custom = map[string]any{}
	}
	text := fmt.Sprintf("%s is gone since %s", l.Who, strings.TrimSuffix(l.Since.Format(time.RFC3339), "T00:00:00Z"))
	if l.Note != "" {
		text += " (" + l.Note + ")"
	}
	made.Custom[instanceOf], made.Custom[about] = r.ID, quell.Cut(text, 200)
	return made, nil
}

// signIn takes in a sign-in.
func (h *Hunter) signIn(m detect.Match, origin string) {
	// Reading a record whole costs many times what finding it costs, and is for nothing where there are no places.
	judged := h.People != nil && h.People.Places != nil
	var e quell.Event
	if judged {
		var err error
		if e, err = eventOf(m.Raw, origin); err != nil {
			h.skip(origin, err.Error())
			return
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &h.circle
	c.signedIn, c.changed = true, true
	if !judged {
		return
	}
	if c.journeys == nil {
		c.journeys = travel.New(h.People.Places, func(addr netip.Addr) bool { return h.People.InTrusted(addr) }, 0)
	}
	c.journeys.Add(e)
}

// fold takes a match of a rule that tells once a day, and says whether it is one. The record as the rule saw it tells what
// belongs together: of logs beside CloudTrail it has more than the event.
func (h *Hunter) fold(m detect.Match, e quell.Event) bool {
	by := foldBy(m.Rule)
	if by == nil {
		return false
	}
	e.Raw = m.Raw
	h.mu.Lock()
	defer h.mu.Unlock()
	h.circle.changed = true
	if at := h.circle.folds.add(m.Rule, by, e); at != nil && !h.known(at.id) {
		h.live.findings.Add(1)
		if h.Tell != nil {
			h.Tell(at.finding())
		}
	}
	return true
}

// findings are those about people, in no order. Locked by the caller, like those below.
func (c *circle) findings() []quell.Finding {
	out := c.folds.findings()
	if c.journeys != nil {
		out = append(out, c.journeys.Findings()...)
	}
	return out
}

// fresh are the findings, where there may be new ones among them.
func (c *circle) fresh() []quell.Finding {
	if !c.changed {
		return nil
	}
	c.changed = false
	return c.findings()
}

// forget drops what a stream needs no more. A journey may take longer than a record is late.
func (c *circle) forget(before time.Time) {
	c.folds.forget(before)
	if c.journeys != nil {
		c.journeys.Forget(before.Add(-24 * time.Hour))
	}
}

// strangers says in sentences what could not be judged for want of what only a user knows. Where no record of CloudTrail was
// read there is nothing to judge.
func (h *Hunter) strangers() []string {
	out := h.circle.folds.unheard()
	if j := h.circle.journeys; j != nil {
		out = append(out, j.Unseen()...)
	} else if h.circle.signedIn {
		out = append(out, "no --geo: impossible travel not judged")
	}
	// Rules on people read CloudTrail alone. Flow logs by themselves would be told of lists that could not help.
	if len(h.held) == 0 || h.Program == nil {
		return out
	}
	// By the flag that would help, in one line: who has none of these lists should not have to read five.
	missing := map[string]bool{}
	for _, u := range h.Program.Unfilled() {
		switch {
		case strings.HasPrefix(u.Name, "own_") || strings.HasPrefix(u.Name, "only_own_"):
			missing["--own-accounts"] = true
		case strings.HasPrefix(u.Name, "break_glass_") && len(u.Blind) > 0:
			missing["--break-glass"] = true
		case strings.HasPrefix(u.Name, "leaver_") && len(u.Blind) > 0:
			missing["--leavers"] = true
		case u.Name == "trusted_networks":
			missing["--trusted-networks"] = true
		}
	}
	if len(missing) > 0 {
		out = append(out, "no list given: "+strings.Join(slices.Sorted(maps.Keys(missing)), ", ")+" (what their rules ask is not judged)")
	}
	return out
}
