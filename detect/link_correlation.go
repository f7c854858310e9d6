package detect

import (
	"fmt"
	"slices"
	"strings"
)

// linkCorrelations resolves the rules that correlations name, orders correlations so that each comes after those it
// refers to, and refuses those that name what is not there or each other in a circle.
func (p *Program) linkCorrelations(corr []*Rule) (problems []Problem) {
	known := map[string]*Rule{}
	for _, r := range slices.Concat(p.rules, corr) {
		known[r.ID] = r
	}
	for _, r := range slices.Concat(p.rules, corr) {
		if r.Name != "" && known[r.Name] == nil {
			known[r.Name] = r
		}
	}
	slices.SortFunc(corr, func(x, y *Rule) int { return strings.Compare(x.ID, y.ID) })
	state := map[*Rule]int{} // 1: being looked at, 2: in, 3: refused
	var visit func(r *Rule) bool
	refuse := func(r *Rule, format string, args ...any) bool {
		state[r] = 3
		problems = append(problems, Problem{Path: r.Path, Line: r.Line, Why: fmt.Sprintf(format, args...)})
		return false
	}
	visit = func(r *Rule) bool {
		switch state[r] {
		case 1:
			return refuse(r, "correlation: it refers to itself, by way of others")
		case 2, 3:
			return state[r] == 2
		}
		state[r] = 1
		for _, name := range r.Correlation.Rules {
			to := known[name]
			if to == nil {
				return refuse(r, "correlation: there is no rule with id or name %q", name)
			}
			if to.Correlation != nil && !visit(to) {
				if state[r] == 3 {
					return false
				}
				return refuse(r, "correlation: the rule %q it refers to was refused", name)
			}
		}
		state[r] = 2
		p.corr = append(p.corr, r)
		return true
	}
	for _, r := range corr {
		visit(r)
	}
	p.refer = known
	p.silence()
	return problems
}

// silence finds the rules that report only through correlations: those referred to, unless a correlation says generate.
func (p *Program) silence() {
	p.quiet = map[*Rule]bool{}
	loud := map[*Rule]bool{}
	for _, c := range p.corr {
		for _, name := range c.Correlation.Rules {
			p.quiet[p.refer[name]] = true
			loud[p.refer[name]] = loud[p.refer[name]] || c.Correlation.Generate
		}
	}
	for r := range loud {
		if loud[r] {
			delete(p.quiet, r)
		}
	}
}

// Quiet reports whether a rule only feeds correlations: its matches are for the Correlator and no findings.
func (p *Program) Quiet(r *Rule) bool { return p.quiet[r] }
