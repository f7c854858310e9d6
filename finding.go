package quell

import (
	"fmt"
	"strings"
	"time"
)

// Severity of a finding or an incident. The zero value is low.
type Severity int

// Severities, in rising order.
const (
	Low Severity = iota
	Medium
	High
	Critical
)

var severityNames = [...]string{"low", "medium", "high", "critical"}

// String is the name used in JSON and on the command line.
func (s Severity) String() string {
	if s < Low || s > Critical {
		return fmt.Sprintf("severity(%d)", int(s))
	}
	return severityNames[s]
}

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText accepts the four names, in any case, and Sigma's "informational" as low.
func (s *Severity) UnmarshalText(text []byte) error {
	name := strings.ToLower(string(text))
	if name == "informational" {
		*s = Low
		return nil
	}
	for i, known := range severityNames {
		if name == known {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("unknown severity %q: take low, medium, high or critical", Clean(string(text)))
}

// Finding is a verdict of a rule or of an AWS service on one or several events.
type Finding struct {
	// ID is the same for the same verdict on the same events, so that a finding seen twice is one finding.
	ID         string    `json:"id"`
	Rule       string    `json:"rule"`
	Title      string    `json:"title"`
	Severity   Severity  `json:"severity"`
	Techniques []string  `json:"techniques"` // ATT&CK ids: T1078.004
	Time       time.Time `json:"time"`
	Account    string    `json:"account"`
	Region     string    `json:"region"`
	Entities   []Entity  `json:"entities"`
	Events     []string  `json:"events"` // eventIDs
	// Source is who gave the verdict: quell, guardduty, securityhub.
	Source string `json:"source,omitempty"`
	// Why says in a sentence what makes this bad.
	Why string `json:"why,omitempty"`
	// Exposed says the credential is known to be public (AWS_RISK_CREDENTIALS_EXPOSED).
	Exposed bool `json:"exposed,omitempty"`
	// Seen are the heads of the events judged, for the timeline.
	Seen []Event `json:"seen,omitempty"`
}
