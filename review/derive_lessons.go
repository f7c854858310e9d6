package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Action is something to do so that it does not happen again, or goes better. Each follows from facts on record.
type Action struct {
	ID       string `json:"id"`
	Type     string `json:"type"` // prevent, detect, respond, recover or people
	Priority string `json:"priority"`
	// Fact is what the ledger shows; What is the measure that follows.
	Fact    string     `json:"fact"`
	What    string     `json:"what"`
	Owner   quell.Role `json:"owner"` // the role that proposes a person
	Due     string     `json:"due"`   // a date, proposed
	Proof   string     `json:"proof"` // how to tell that it is done
	Records []int64    `json:"records"`
}

// lesson derives at most one action. Its fact returns the records that show the fact, and none where it is not shown;
// the detail is what %s in the fact's text stands for.
type lesson struct {
	id, kind, priority string
	fact, what, proof  string
	owner              quell.Role
	shown              func(*facts) (records []int64, detail string)
}

var lessonList = []lesson{
	{"exposed-key", "prevent", "high", "A credential was publicly known%s", "Scan repositories and images for credentials before they are published.",
		"A planted canary key is stopped by the scan.", quell.SystemAdministrator, exposedKey},
	{"no-mfa", "prevent", "high", "Acts went through without a second factor: %s", "Require MFA by policy for people's principals.",
		"A call without MFA is refused.", quell.SystemAdministrator, withoutMFA},
	{"long-lived-key", "prevent", "high", "A long-lived access key was used: %s", "Replace long-lived keys by roles with temporary credentials.",
		"The credential report lists no active key for these users.", quell.SystemAdministrator, longLivedKey},
	{"admin-policy", "prevent", "high", "An administrator policy was given to a principal: %s", "Refuse the attachment of administrator policies by SCP or permissions boundary.",
		"The attachment is refused for a test principal.", quell.SystemAdministrator, adminPolicy},
	{"trail-tampered", "prevent", "high", "Logging was touched: %s", "Protect trails by SCP and keep an organisation trail in another account.",
		"StopLogging is refused in a member account.", quell.SystemAdministrator, trailTouched},
	{"data-events", "detect", "medium", "Data events were not visible: %s", "Turn on CloudTrail data events for buckets and functions that hold data.",
		"A read of a test object shows in the trail.", quell.SystemAdministrator, dataEventsBlind},
	{"blind-sources", "detect", "medium", "Sources could not be read: %s", "Give the reader the permission, or the region the source, that was missing.",
		"quell doctor reports no blind source.", quell.SecurityAnalyst, otherBlind},
	{"no-guardduty", "detect", "medium", "No finding on record came from GuardDuty%s", "Check that GuardDuty is on in every region and reaches Quell.",
		"A GuardDuty sample finding opens an incident.", quell.SecurityAnalyst, noGuardDuty},
	{"slow-detection", "detect", "high", "Detection took longer than its target: %s", "Find the rule or the stream that would have told earlier, and add it with a test.",
		"A replay of this incident's events is detected within the target.", quell.SecurityAnalyst, missed("t1 - t0")},
	{"slow-ack", "people", "medium", "Nobody answered within the target: %s", "Review on-call duty and how people are called.",
		"A drill is acknowledged within the target.", quell.IncidentManager, missed("t2 - t1")},
	{"slow-containment", "respond", "high", "Containment took longer than its target: %s", "Raise the automation level for the steps that waited.",
		"A rehearsal contains within the target.", quell.IncidentManager, missed("t5 - t1")},
	{"leaked", "respond", "high", "Containment leaked: %s", "Find the way around it and add it to the playbook.",
		"A rehearsal with the same adversary is held.", quell.SecurityAnalyst, leaked},
	{"put-back", "prevent", "high", "Calls that had succeeded had to be made again: %s", "Find who took back what they did, and whether that permission can go.",
		"Removal is refused to everyone but the responder.", quell.SystemAdministrator, vanished},
	{"refused-calls", "respond", "medium", "Calls of the response were refused: %s", "Give the responder role the permissions.",
		"quell doctor says yes to these actions.", quell.SystemAdministrator, refusedCalls},
	{"failed-steps", "respond", "medium", "Steps did not go as planned: %s", "Repair the steps and rehearse them.",
		"A rehearsal ends with every step done.", quell.SecurityAnalyst, failedSteps},
	{"collateral", "people", "medium", "The response may have cut off others: %s", "Give each user of the credential its own.",
		"Last-used data shows one user for each credential.", quell.SystemAdministrator, collateral},
	{"incomplete-evidence", "respond", "medium", "Evidence is not complete: %s", "Grant what was missing and collect again while the source still has it.",
		"The artefact is collected whole in a rehearsal.", quell.SecurityAnalyst, incomplete},
	{"unapproved-attempts", "people", "low", "Approvals came to nothing: %s", "Review with those concerned who may answer what, and how fast plans change.",
		"A drill's approvals all count.", quell.IncidentManager, attempts},
}

// horizon is how many days after the report an action of that priority is proposed to be due.
var horizon = map[string]int{"high": 14, "medium": 30, "low": 90}

func (f *facts) lessons() []Action {
	out := []Action{}
	for _, l := range lessonList {
		records, detail := l.shown(f)
		if len(records) == 0 {
			continue
		}
		fact := l.fact
		if strings.Contains(fact, "%s") {
			fact = fmt.Sprintf(fact, detail)
		}
		out = append(out, Action{ID: l.id, Type: l.kind, Priority: l.priority, Fact: quell.Clean(fact) + ".", What: l.what, Owner: l.owner,
			Due: f.Now.UTC().Add(time.Duration(horizon[l.priority]) * 24 * time.Hour).Format(time.DateOnly), Proof: l.proof, Records: records})
	}
	return out
}

func lessonSection(actions []Action) Section {
	s := Section{ID: "lessons", Title: "Lessons and actions"}
	t := Table{Caption: "Proposed actions; owners and dates are for people to settle",
		Columns: []string{"Action", "Type", "Priority", "Because", "Do", "Owner", "Due", "Proof", "Verified, closed"},
		Empty:   "No fact on record leads to an action of itself."}
	for _, a := range actions {
		t.row(a.Records, a.ID, a.Type, a.Priority, a.Fact, a.What, string(a.Owner), a.Due, a.Proof, "")
	}
	s.Tables = []Table{t}
	return s
}

// some shortens a list of details for one sentence.
func some(items []string) string {
	items = slices.Compact(slices.Sorted(slices.Values(items)))
	if len(items) > 5 {
		return strings.Join(items[:5], ", ") + fmt.Sprintf(" and %d more", len(items)-5)
	}
	return strings.Join(items, ", ")
}
