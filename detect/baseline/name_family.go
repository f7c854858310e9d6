package baseline

import (
	"strings"

	"github.com/quell-ir/quell"
)

// maxName is how many letters of a name that a log chose are kept.
const maxName = 96

// families are what programs call themselves, the telling word first: Terraform uses the Go SDK, and the command line's
// newer versions name Python. Source: user agents in CloudTrail records.
var families = [...]struct{ part, family string }{
	{"terraform", "terraform"}, {"pulumi", "pulumi"}, {"ansible", "ansible"}, {"console.amazonaws.com", "console"},
	{"s3console", "console"}, {"aws internal", "console"}, {"aws-internal", "console"}, {"awscloudshell", "console"},
	{"mozilla/", "console"}, {"aws-cli/", "aws-cli"}, {"boto", "python"}, {"aws-sdk-go", "go"}, {"aws-sdk-java", "java"},
	{"aws-sdk-js", "javascript"}, {"aws-sdk-nodejs", "javascript"}, {"aws-sdk-ruby", "ruby"}, {"aws-sdk-php", "php"},
	{"aws-sdk-net", "dotnet"}, {"aws-sdk-dotnet", "dotnet"}, {"aws-sdk-rust", "rust"}, {"aws-sdk-cpp", "cpp"},
}

// family names the program behind a user agent without its version: an update is nothing new. What is unknown goes by its
// first word. "" is none, or the name of an AWS service, which calls on behalf of somebody.
func family(agent string) string {
	lower := strings.ToLower(agent)
	if strings.HasSuffix(lower, ".amazonaws.com") && !strings.HasPrefix(lower, "console.") && !strings.HasPrefix(lower, "signin.") {
		return ""
	}
	for _, f := range families {
		if strings.Contains(lower, f.part) {
			return f.family
		}
	}
	word, _, _ := strings.Cut(strings.Trim(lower, "[] "), "/")
	word, _, _ = strings.Cut(word, " ")
	return quell.Cut(word, maxName)
}
