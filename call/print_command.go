package call

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
			if v != FillToken { // the CLI makes its own
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
			out = append(out, "--cli-input-json", shellQuote(string(text)))
		}
	}
	return out
}

func stringList(list []any) ([]string, bool) {
	words := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, false
		}
		words = append(words, shellQuote(s))
	}
	return words, len(words) > 0
}

// mergeScript is the merge a person's command does. Where the read fails for another reason than "there is none yet",
// json.loads fails, the flag is empty, and the put is refused: nothing is overwritten.
const mergeScript = `import sys,json;t=sys.stdin.read();` +
	`d=json.loads(sys.argv[1]) if any(c in t for c in sys.argv[5].split(",")) else json.loads(t);` +
	`l=d.get(sys.argv[2],[]);l=l if isinstance(l,list) else [l];gone=sys.argv[4].split(",");` +
	`d[sys.argv[2]]=[e for e in l if e.get("Sid") not in gone or not e.get("Sid")]+json.loads(sys.argv[3]);` +
	`print(json.dumps(d))`

func (c Catalogue) mergeExpression(d *Definition, input json.RawMessage, edit quell.Edit) string {
	doc := d.edit
	add, err := json.Marshal(edit.Add)
	if err != nil || edit.Add == nil {
		add = []byte("[]")
	}
	gone := append(slices.Clone(edit.Remove), doc.names(edit.Add)...)
	read := append([]string{"aws", commandService(doc.Read.Op), kebab(Operation(doc.Read.Op))}, flags(doc.Read.Op, input)...)
	read = append(read, "--query", doc.OutField, "--output", "text", "2>&1")
	merge := []string{
		"python3", "-c", shellQuote(mergeScript), shellQuote(doc.Empty), shellQuote(doc.List), shellQuote(string(add)),
		shellQuote(strings.Join(gone, ",")), shellQuote(strings.Join(doc.Absent, ",")),
	}
	return `"$(` + strings.Join(read, " ") + " | " + strings.Join(merge, " ") + `)"`
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
