package detecttest

import (
	"fmt"
	"slices"
	"strings"
)

// duty is a task that someone does: calls made one after the other by one caller in one account.
type duty struct {
	by caller
	// weight is the share of events, per thousand, for ordinary work; monthly is how often rare work happens a month in a
	// hundred accounts.
	weight, monthly float64
	calls           []step
	// quick work is a script's: several calls a second, where a person takes seconds for each.
	quick bool
}

// step is one call: "service:Operation", and what it asks and gets back as JSON with <words> that are filled in per record
// (see fill_words.go). Without a request, null.
type step struct {
	service, name                 string
	request, response, additional template
	// details stand in serviceEventDetails: what a service tells of itself, in an event that is no API call.
	details template
	// errorCode refuses the call.
	errorCode string
	// data marks data events, which a trail records only where someone paid for them.
	data bool
	// invokedBy is the AWS service that makes the call in the caller's name.
	invokedBy string
	readOnly  bool
}

// option adds to a step.
type option func(*step)

func returns(text string) option      { return func(s *step) { s.response = parseTemplate(text) } }
func additionally(text string) option { return func(s *step) { s.additional = parseTemplate(text) } }
func detailed(text string) option     { return func(s *step) { s.details = parseTemplate(text) } }
func refused(code string) option      { return func(s *step) { s.errorCode = code } }
func through(service string) option   { return func(s *step) { s.invokedBy = service } }
func dataEvent(s *step)               { s.data = true }

// ask makes a step. The operation is written "iam:CreateRole"; a malformed one is a mistake in this package.
func ask(operation, request string, more ...option) step {
	service, name, ok := strings.Cut(operation, ":")
	if !ok {
		panic(fmt.Sprintf("operation %q has no service", operation))
	}
	s := step{service: service, name: name, request: parseTemplate(request), readOnly: readsOnly(name)}
	for _, o := range more {
		o(&s)
	}
	return s
}

// reads makes one step without parameters of each operation of a service.
func reads(service string, names ...string) []step {
	var out []step
	for _, name := range names {
		out = append(out, ask(service+":"+name, ""))
	}
	return out
}

// times repeats a step.
func times(n int, s step) []step { return slices.Repeat([]step{s}, n) }

// often is ordinary work: share is in events per thousand.
func often(by caller, share float64, calls ...step) duty {
	return duty{by: by, weight: share, calls: calls}
}

// each is ordinary work of one call among several alike, which share the weight.
func each(by caller, share float64, calls []step) []duty {
	var out []duty
	for _, c := range calls {
		out = append(out, duty{by: by, weight: share / float64(len(calls)), calls: []step{c}})
	}
	return out
}

// seldom is rare work: times a month in a hundred accounts.
func seldom(by caller, monthly float64, calls ...step) duty {
	return duty{by: by, monthly: monthly, calls: calls}
}

// burst is rare work done by a script.
func burst(by caller, monthly float64, calls ...step) duty {
	return duty{by: by, monthly: monthly, calls: calls, quick: true}
}

// readsOnly tells CloudTrail's readOnly flag by the operation's name, as the services mark theirs.
func readsOnly(name string) bool {
	for _, lead := range []string{"Get", "List", "Describe", "Head", "Lookup", "BatchGet", "BatchCheck", "AssumeRole", "Decrypt", "GenerateDataKey", "Search", "Select", "Simulate", "CheckMfa"} {
		if strings.HasPrefix(name, lead) && name != "GetSigninToken" {
			return true
		}
	}
	return false
}
