package detecttest

import (
	"fmt"
	"strings"
)

// Rules returns n Sigma rules, each a document of its own, in the mix of shapes that real AWS collections have: two thirds
// name the event and its source, the others look at user agents, identities, parameters and addresses across all events.
// They are written so that hardly any matches the corpus, as rules are.
func Rules(seed int64, n int) []string {
	g := newGenerator(seed)
	out := make([]string, n)
	for i := range out {
		out[i] = g.rule(i)
	}
	return out
}

func (g *generator) rule(i int) string {
	word := func() string {
		return g.pick("Create", "Delete", "Update", "Put", "Modify", "Disable", "Attach") + g.pick("Trail", "Detector", "Key", "Policy", "Gateway", "Cluster", "Snapshot", "Function") + g.id(4)
	}
	service := g.pick("iam", "ec2", "s3", "kms", "rds", "lambda", "guardduty", "cloudtrail") + ".amazonaws.com"
	var sel []string
	add := func(format string, args ...any) { sel = append(sel, fmt.Sprintf(format, args...)) }
	cond := "selection"
	switch k := i % 24; {
	case k < 8:
		add("eventSource: %s", service)
		add("eventName: %s", word())
	case k < 13:
		add("eventSource: %s", service)
		add("eventName:\n            - %s\n            - %s\n            - %s", word(), word(), word())
	case k < 16:
		add("eventName: %s", g.pick("RunInstances", "PutRolePolicy", "AssumeRole", "CreateUser", "GetObject"))
		add("requestParameters|contains: '%s'", g.hex(9))
		add("eventSource|endswith: .amazonaws.com")
	case k < 18:
		add("eventName|startswith: %s", word())
		add("eventSource: %s", service)
	case k == 18:
		add("userAgent|contains:\n            - %s\n            - %s", "tool-"+g.hex(5), "kit-"+g.hex(5))
	case k == 19:
		add("userIdentity.arn|endswith: ':user/%s'", g.hex(6))
		add("errorCode: AccessDenied")
	case k == 20:
		add("requestParameters.policyDocument|contains|all:\n            - '\"Action\":\"%s'\n            - '\"Resource\":\"*\"'", g.hex(5))
	case k == 21:
		add("sourceIPAddress|cidr: 198.%d.%d.0/24", g.rnd.IntN(256), g.rnd.IntN(256))
	case k == 22:
		add("userIdentity.type: Root\n        userIdentity.arn|re: 'arn:aws:iam::\\d+:%s'", g.hex(6))
		cond = "selection and not filter"
	default:
		add("responseElements.%s.%s: 'true'", g.pick("dbInstance", "bucket", "function"), g.hex(5))
		cond = "selection and not 1 of filter*"
	}
	filter := ""
	if strings.Contains(cond, "filter") {
		filter = "    filter:\n        userIdentity.invokedBy: AWS Internal\n    filter_main:\n        errorCode: null\n        eventType: AwsServiceEvent\n"
	}
	return fmt.Sprintf("title: Generated %d\nid: generated-%04d\nlogsource:\n    product: aws\n    service: cloudtrail\ndetection:\n    selection:\n        %s\n%s    condition: %s\nlevel: %s\n",
		i, i, strings.Join(sel, "\n        "), filter, cond, g.pick("low", "medium", "high"))
}
