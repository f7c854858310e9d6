package call

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/quell-ir/quell"
)

// cliService holds the services whose `aws` command is not their IAM prefix.
var cliService = map[string]string{
	"s3":                     "s3api",
	"elasticloadbalancingv2": "elbv2",
	"elasticloadbalancing":   "elb",
	"cloudwatchlogs":         "logs",
	"eventbridge":            "events",
	"configservice":          "configservice",
	"sfn":                    "stepfunctions",
}

// fieldFlags holds the flags that do not follow from the field's name.
var fieldFlags = map[string]string{
	"iam:UpdateAssumeRolePolicy/PolicyDocument": "policy-document",
}

// Commands prints a call as `aws` commands for a person, one per line, each runnable as it stands. Alternatives are
// not printed: a person takes the first way and comes back when it fails.
func (c Catalogue) Commands(call quell.Call) []string {
	return []string{c.command(call.Op, call.Region, call.Input, call.Edit)}
}

// UndoCommands prints what takes a call back.
func (c Catalogue) UndoCommands(call quell.Call) []string {
	if call.Undo == nil {
		return nil
	}
	lines := []string{c.command(call.Undo.Op, call.Region, call.Undo.Input, call.Undo.Edit)}
	for _, then := range call.Undo.Then {
		lines = append(lines, c.command(then.Op, call.Region, then.Input, then.Edit))
	}
	return lines
}

func (c Catalogue) command(op, region string, input json.RawMessage, edit *quell.Edit) string {
	d := c[op]
	args := []string{"aws", commandService(op), kebab(Operation(op))}
	args = append(args, flags(op, input)...)
	if edit != nil && d != nil && d.edit != nil {
		args = append(args, "--"+flagName(op, d.edit.Field), c.mergeExpression(d, input, *edit))
	}
	if region != "" && (d == nil || !d.Global) {
		args = append(args, "--region", shellQuote(region))
	}
	return strings.Join(args, " ")
}

func commandService(op string) string {
	service := Service(op)
	if name, ok := cliService[service]; ok {
		return name
	}
	return service
}

// flags prints scalars and lists of strings as flags and everything else in one --cli-input-json, which `aws` merges
// with the flags.
func flags(op string, input json.RawMessage) []string {
	var fields map[string]any
	if json.Unmarshal(input, &fields) != nil {
		return nil
	}
	var out []string
	rest := map[string]any{}
	for _, name := range sortedKeys(fields) {
		flag := "--" + flagName(op, name)
		switch v := fields[name].(type) {
		case string:
			switch {
			case v == FillToken: // the CLI makes its own
			case !flagSafe(v):
				rest[name] = v
			default:
				out = append(out, flag, shellQuote(v))
			}
		case bool:
			if !v {
				flag = "--no-" + strings.TrimPrefix(flag, "--")
			}
			out = append(out, flag)
		case float64:
			out = append(out, flag, strconv.FormatFloat(v, 'f', -1, 64))
		case []any:
			if words, ok := stringList(v); ok {
				out = append(out, flag)
				out = append(out, words...)
				continue
			}
			rest[name] = v
		default:
			rest[name] = v
		}
	}
	if len(rest) > 0 {
		text, err := json.Marshal(rest)
		if err == nil {
			out = append(out, "--cli-input-json", shellQuote(asciiJSON(text)))
		}
	}
	return out
}

// flagSafe says whether `aws` takes a string after a flag for what it is, and a person sees it for what it is. A leading
// dash would be a flag, a leading file:// would be replaced by the file's content, and a control character would
// break the line or the terminal; all of these travel as JSON instead. Source: AWS CLI user guide, "Loading a
// parameter from a file".
func flagSafe(s string) bool {
	for _, prefix := range []string{"-", "file://", "fileb://", "http://", "https://"} {
		if strings.HasPrefix(s, prefix) {
			return false
		}
	}
	return s != "" && quell.Clean(s) == s
}

// asciiJSON escapes everything that is not plain ASCII in a JSON text.
func asciiJSON(text []byte) string {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r >= 0x10000:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, "\\u%04x\\u%04x", high, low)
		case r >= 0x7f:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func stringList(list []any) ([]string, bool) {
	words := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok || !flagSafe(s) {
			return nil, false
		}
		words = append(words, shellQuote(s))
	}
	return words, len(words) > 0
}

// fillExpressions are what a shell puts in the place of a fill-in.
var fillExpressions = map[string]string{
	FillNow:    `"$(date -u +%Y-%m-%dT%H:%M:%SZ)"`,
	FillToken:  `"$(date +%s%N)"`,
	FillSecret: `"$(aws secretsmanager get-random-password --password-length 32 --query RandomPassword --output text)"`,
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// shellQuote makes one word for a POSIX shell of text that may hold anything, fill-ins becoming expressions.
func shellQuote(s string) string {
	for fill, expression := range fillExpressions {
		if before, after, ok := strings.Cut(s, fill); ok {
			return quotePart(before) + expression + quotePart(after)
		}
	}
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func quotePart(s string) string {
	if s == "" {
		return ""
	}
	return shellQuote(s)
}

func flagName(op, field string) string {
	if flag, ok := fieldFlags[op+"/"+field]; ok {
		return flag
	}
	return kebab(field)
}

var (
	wordStart  = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	acronymEnd = regexp.MustCompile(`([A-Z]+)([A-Z][a-z])`)
)

// kebab spells an operation or field as `aws` does: UpdateAccessKey, update-access-key; SSHPublicKeyId,
// ssh-public-key-id.
func kebab(name string) string {
	name = acronymEnd.ReplaceAllString(name, "$1-$2")
	return strings.ToLower(wordStart.ReplaceAllString(name, "$1-$2"))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Summary is one line for a preview: the mark, the operation and its scalars. Marks are + for what is added, ~ for
// what is changed, - for what is taken away.
func Summary(call quell.Call) string {
	mark := "~"
	operation := Operation(call.Op)
	for prefix, m := range map[string]string{
		"Put": "+", "Create": "+", "Attach": "+", "Tag": "+", "Delete": "-", "Detach": "-", "Remove": "-", "Untag": "-",
	} {
		if strings.HasPrefix(operation, prefix) {
			mark = m
		}
	}
	var fields map[string]any
	var words []string
	if json.Unmarshal(call.Input, &fields) == nil {
		for _, name := range sortedKeys(fields) {
			if s, ok := fields[name].(string); ok && len(s) <= 128 && !strings.HasPrefix(s, "{\"") {
				words = append(words, fmt.Sprintf("%s=%s", name, quell.Clean(s)))
			}
		}
	}
	if call.Edit != nil {
		words = append(words, fmt.Sprintf("(merge: %d added, %d removed)", len(call.Edit.Add), len(call.Edit.Remove)))
	}
	return mark + " " + call.Op + " " + strings.Join(words, " ")
}
