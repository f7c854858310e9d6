package hunt

import (
	_ "embed"
	"strings"
)

// attack is an ATT&CK technique as Quell shows it: its name, and the tactics it serves by the names Sigma tags use.
type attack struct {
	name    string
	tactics []string
}

// Tactic is a column of ATT&CK's matrix for enterprises.
type Tactic struct {
	ID    string `json:"id"`   // TA0001
	Name  string `json:"name"` // initial-access, as Sigma tags have it
	Title string `json:"title"`
}

// Tactics are all of them, in the matrix's order.
func Tactics() []Tactic {
	return []Tactic{
		{"TA0043", "reconnaissance", "Reconnaissance"}, {"TA0042", "resource-development", "Resource Development"},
		{"TA0001", "initial-access", "Initial Access"}, {"TA0002", "execution", "Execution"}, {"TA0003", "persistence", "Persistence"},
		{"TA0004", "privilege-escalation", "Privilege Escalation"}, {"TA0005", "defense-evasion", "Defense Evasion"},
		{"TA0006", "credential-access", "Credential Access"}, {"TA0007", "discovery", "Discovery"},
		{"TA0008", "lateral-movement", "Lateral Movement"}, {"TA0009", "collection", "Collection"},
		{"TA0011", "command-and-control", "Command and Control"}, {"TA0010", "exfiltration", "Exfiltration"}, {"TA0040", "impact", "Impact"},
	}
}

// tacticOrder is the order of ATT&CK's matrix for enterprises.
func tacticOrder() []string {
	var names []string
	for _, t := range Tactics() {
		names = append(names, t.Name)
	}
	return names
}

// AttackVersion is the version of ATT&CK that names and tactics are of.
const AttackVersion = "17"

// techniqueTable holds a technique a line: id, name, tactics. It is all of ATT&CK for Enterprise (attack.mitre.org), since rules
// that people bring may speak of any.
//
//go:embed techniques.txt
var techniqueTable string

// techniques are by id. One that is not there, of a newer ATT&CK or a typing error, is shown by its id.
func techniques() map[string]attack {
	out := map[string]attack{}
	for line := range strings.Lines(techniqueTable) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), " | ")
		name, tactics, _ := strings.Cut(rest, " | ")
		out[id] = attack{name, strings.Fields(tactics)}
	}
	return out
}

// Technique is a technique, or a sub-technique, with its names.
type Technique struct {
	ID, Name string
	// Parent and ParentName are set for a sub-technique.
	Parent, ParentName string
	Tactics            []Tactic
}

// Names gives a finder of techniques by id. What ATT&CK does not have is found with its id alone.
func Names() func(id string) Technique {
	known, columns := techniques(), Tactics()
	return func(id string) Technique {
		id = strings.ToUpper(id)
		t := Technique{ID: id, Name: known[id].name}
		if parent, _, sub := strings.Cut(id, "."); sub {
			t.Parent, t.ParentName = parent, known[parent].name
		}
		serves := known[id].tactics
		if len(serves) == 0 {
			serves = known[t.Parent].tactics // a new sub-technique serves what its parent does
		}
		for _, column := range columns {
			for _, name := range serves {
				if column.Name == name {
					t.Tactics = append(t.Tactics, column)
				}
			}
		}
		return t
	}
}
