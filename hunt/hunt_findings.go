package hunt

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
	"github.com/quell-ir/quell/source/unwrap"
)

// maxFindings is the most that a file of findings may hold; it is read whole.
const maxFindings = 64 << 20

// sniffBytes are enough for the keys of a first value.
const sniffBytes = 32 << 10

// findingKeys are sets of top-level keys that AWS services' findings have, in lower case: the forms of API and EventBridge
// differ in case. Records of a trail have none of these sets.
var findingKeys = [][]string{
	{"schemaversion", "type", "resource", "service"},      // GuardDuty
	{"schemaversion", "productarn", "resources", "types"}, // Security Hub
	{"findingarn", "resources", "severity"},               // Inspector
	{"resourcesaffected", "severity", "category"},         // Macie
	{"findings"},
	{"alarmname", "newstatevalue"},
}

// findingEvents are the EventBridge events that carry a finding.
var findingEvents = []string{"GuardDuty Finding", "Security Hub Findings", "Findings Imported", "Inspector2 Finding", "Macie Finding",
	"Access Analyzer Finding", "Unused Access Finding", "Config Rules Compliance Change", "AWS Health Event", "CloudWatch Alarm State Change"}

// holdsFindings says whether a document begins with a finding rather than a record. It takes nothing from the reader.
func holdsFindings(r io.Reader) bool {
	peeker, ok := r.(interface{ Peek(int) ([]byte, error) })
	if !ok {
		return false
	}
	// A short document gives what it has, with an error that comes again when it is read.
	head, _ := peeker.Peek(sniffBytes)
	keys := unwrap.Keys(head)
	for i, key := range keys {
		keys[i] = strings.ToLower(key)
	}
	if slices.Contains(keys, "detail-type") {
		text := string(head)
		return slices.ContainsFunc(findingEvents, func(kind string) bool { return strings.Contains(text, `"`+kind) })
	}
	return slices.ContainsFunc(findingKeys, func(set []string) bool {
		return !slices.ContainsFunc(set, func(key string) bool { return !slices.Contains(keys, key) })
	})
}

// findingFile takes the findings of AWS services as they are; records among them go to the rules. What is not all
// findings is judged as records, so that one odd entry costs no other.
func (h *Hunter) findingFile(ctx context.Context, d source.Document) error {
	data, err := io.ReadAll(io.LimitReader(d.Reader, maxFindings+1))
	if err != nil {
		return err
	}
	if len(data) > maxFindings {
		h.skip(d.Origin, fmt.Sprintf("more than %d MiB of findings in one file: split it", maxFindings>>20))
		return nil
	}
	subject, err := source.ReadSubject(d.Origin, data)
	if err != nil {
		h.skip(d.Origin, "read as records, since not all in it are findings: "+err.Error())
		return h.scan(d.Worker, strings.NewReader(string(data)), d.Origin)
	}
	for _, f := range subject.Findings {
		h.add(slimFinding(f))
	}
	h.live.events.Add(int64(len(subject.Findings)))
	h.mu.Lock()
	h.events += int64(len(subject.Findings))
	h.mu.Unlock()
	for _, raw := range subject.Records {
		if err := h.scan(d.Worker, strings.NewReader(string(raw)), d.Origin); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// serviceFinding takes one finding that lies among records.
func (h *Hunter) serviceFinding(f quell.Finding) {
	h.live.events.Add(1)
	h.mu.Lock()
	h.events++
	h.mu.Unlock()
	h.add(slimFinding(f))
}

// slimFinding gives a finding the lists that scripts read.
func slimFinding(f quell.Finding) quell.Finding {
	f.Techniques, f.Entities, f.Events = orEmpty(f.Techniques), orEmpty(f.Entities), orEmpty(f.Events)
	return f
}
