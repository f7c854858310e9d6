package detect

import (
	"slices"
	"strings"
)

// maxListed bounds what placeholders may make of one value: the accounts of the largest organisations, some times over.
const maxListed = 100_000

// Optional names the placeholders that stand for lists which whoever hunts may give or not: the organisation's accounts,
// its emergency access, its leavers, its networks. Without a list they have no values, so that an item which asks for one
// matches nothing: a filter filters nothing, and a rule that needs the list is blind (Program.Unfilled), but no error. Any
// other placeholder without values is a mistake in the rule or in the configuration.
func Optional() []string {
	return []string{"own_accounts", "own_account_re", "only_own_accounts_re", "break_glass_arns", "break_glass_names", "break_glass_roles",
		"leaver_names", "leaver_ends", "leaver_arns", "leaver_since", "trusted_networks"}
}

// Unfilled is a placeholder without values.
type Unfilled struct {
	Name string
	// Rules use it, sorted by id. Blind are those among them that can never match for want of it.
	Rules, Blind []*Rule
}

// Unfilled lists the optional placeholders for which no list was given, by name.
func (p *Program) Unfilled() []Unfilled { return p.unfilled }

// filler looks placeholders up for one rule after the other and remembers which had no values.
type filler struct {
	values map[string][]string
	empty  map[string]bool // of the rule at hand
	found  map[string]*Unfilled
}

func (f *filler) find(name string) ([]string, bool) {
	// A name that is known with an empty list is no error, whoever made it up: somebody has thought of it.
	values, ok := f.values[name]
	if len(values) == 0 && (ok || slices.Contains(Optional(), name)) {
		f.empty[name] = true
		return nil, true
	}
	return values, ok
}

// note files a rule under the placeholders it lacks.
func (f *filler) note(r *Rule) {
	for name := range f.empty {
		if f.found[name] == nil {
			f.found[name] = &Unfilled{Name: name}
		}
		f.found[name].Rules = append(f.found[name].Rules, r)
	}
	clear(f.empty)
}

// findBlind says which of the rules that lack a placeholder can never match: their proof asks for one of no triggers.
func (p *Program) findBlind(f *filler) {
	// The router's own proof is used, so that a rule told as blind is exactly one that is never judged.
	never := map[*Rule]bool{}
	for i, r := range p.rules {
		guard := p.guardOf(p.roots[i])
		never[r] = guard != nil && len(guard) == 0
	}
	for _, u := range f.found {
		for _, r := range u.Rules {
			if never[r] {
				u.Blind = append(u.Blind, r)
			}
		}
		p.unfilled = append(p.unfilled, *u)
	}
	slices.SortFunc(p.unfilled, func(a, b Unfilled) int { return strings.Compare(a.Name, b.Name) })
}

// Asks names the placeholders that a rule on single records uses, sorted.
func (r *Rule) Asks() []string {
	var out []string
	if r.cond == nil {
		return nil
	}
	// A rule that cannot take no values at all is one that Compile refuses.
	_, _ = rebuild(r.cond, func(name string) ([]string, bool) {
		out = append(out, name)
		return nil, true
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// Filled is a copy of a rule on single records under another id, with these placeholders filled in for it alone: one rule
// as text serves many people. It keeps its name, and a correlation over that name sees one of the copies only. The error
// names a value that the rule cannot take.
func (r *Rule) Filled(id string, values map[string][]string) (*Rule, error) {
	out := *r
	out.ID = id
	var err error
	out.cond, err = rebuild(r.cond, func(name string) ([]string, bool) {
		list, ok := values[name]
		return list, ok
	})
	if err != nil {
		return nil, problemOf(r.Path, err)
	}
	return &out, nil
}

// expandAll replaces placeholders in values. A placeholder without values leaves none.
func expandAll(ws []written, find lookup, line int) ([]written, error) {
	var out []written
	for _, w := range ws {
		if w.node.kind == nodeNull {
			return nil, errAt(line, "this modifier needs text, not null")
		}
		more, err := w.expand(find, line)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// expand replaces %name% by the values given for it; \% is a plain percent sign. With a nil lookup the name stands for
// itself, which is enough to check the rest of the rule.
func (w written) expand(find lookup, line int) ([]written, error) {
	if w.done {
		return nil, errAt(line, "expand must come before modifiers that change the text")
	}
	out, stands := []string{""}, false
	add := func(choices ...string) {
		var next []string
		for _, head := range out {
			for _, c := range choices {
				next = append(next, head+c)
			}
		}
		out = next
	}
	for s := w.raw; s != ""; {
		at := strings.IndexAny(s, `%\`)
		if at < 0 {
			add(s)
			break
		}
		add(s[:at])
		s = s[at:]
		if s[0] == '\\' {
			if len(s) > 1 && s[1] == '%' {
				add("%")
				s = s[2:]
				continue
			}
			add(s[:1])
			s = s[1:]
			continue
		}
		end := strings.IndexByte(s[1:], '%')
		if end < 1 || strings.ContainsAny(s[1:end+1], " \t*?") {
			add("%")
			s = s[1:]
			continue
		}
		name := s[1 : end+1]
		choices := []string{name}
		if stands = find == nil; !stands {
			var ok bool
			if choices, ok = find(name); !ok {
				return nil, errAt(line, "no values are configured for the placeholder %%%s%%", name)
			}
		}
		if len(out)*len(choices) > maxListed {
			return nil, errAt(line, "placeholders expand to more than %d values", maxListed)
		}
		add(choices...)
		s = s[end+2:]
	}
	ws := make([]written, len(out))
	for i, text := range out {
		ws[i] = written{node: w.node, raw: text, stands: stands}
	}
	return ws, nil
}
