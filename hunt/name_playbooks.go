package hunt

import (
	"cmp"
	"slices"

	"github.com/quell-ir/quell"
)

// playbookName is a kind of incident that has, or will have, a playbook of its own.
type playbookName struct{ id, title string }

// playbookNames are all that a rule's `playbook` may say, in one place: a rule that names a playbook which nobody will ever
// write would look answered and not be. The folder of a playbook that ships has the same name.
func playbookNames() []playbookName {
	return []playbookName{
		{"leaked-credentials", "Credentials leaked or misused"},
		{"ec2-compromise", "Instance taken over"},
		{"insider", "Insider, or somebody who has left"},
		{"network-exposure", "Network opened to the world"},
		{"s3-exposure", "Bucket exposed or emptied by strangers"},
		{"ransomware", "Data destroyed or held to ransom"},
		{"crypto-mining", "Mining at our cost"},
		{"iam-persistence", "Privileges raised, back doors laid"},
		{"logging-tampering", "Logging stopped or blinded"},
		{"rds-exposure", "Database exposed"},
		{"ddos", "Flood of requests or traffic"},
		{"container-compromise", "Cluster or container taken over"},
		{"cross-account", "Roles chained across accounts"},
		{"console-login", "Console login by a stranger"},
		{"root-takeover", "Root or the account taken over"},
		{"llm-jacking", "Models or mail used at our cost"},
	}
}

// PlaybookNames are the ids that a rule may point to.
func PlaybookNames() []string {
	var out []string
	for _, book := range playbookNames() {
		out = append(out, book.id)
	}
	return out
}

// coverPlaybooks lists every playbook there is or will be, and whatever else rules name, by id.
func coverPlaybooks(asked map[string][]RuleCoverage, written []quell.Playbook) []PlaybookCoverage {
	titles, ships := map[string]string{}, map[string]bool{}
	for _, book := range playbookNames() {
		titles[book.id] = book.title
	}
	for _, book := range written {
		titles[book.ID], ships[book.ID] = book.Title, true
	}
	for id := range asked {
		titles[id] += "" // named by a rule and by nothing else: without a title
	}
	out := make([]PlaybookCoverage, 0, len(titles))
	for id, title := range titles {
		book := PlaybookCoverage{threat(id, asked[id]), ships[id]}
		book.Name = title
		out = append(out, book)
	}
	slices.SortFunc(out, func(a, b PlaybookCoverage) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
