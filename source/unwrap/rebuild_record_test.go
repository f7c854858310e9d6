package unwrap

import (
	"strings"
	"testing"
)

func TestRebuild(t *testing.T) {
	for _, test := range []struct{ names, values, want, odd string }{
		{"eventname|eventtime|readonly|errorcode", "A|2026-03-04T05:06:07Z|TRUE|", `{"eventName":"A","eventTime":"2026-03-04T05:06:07Z","readOnly":true}`, ""},
		{"eventTime|eventName|userIdentity.arn|userIdentity.sessionContext.attributes.mfaAuthenticated", "2026-03-04 05:06:07.123 UTC|A|arn:x|true",
			`{"eventName":"A","eventTime":"2026-03-04T05:06:07Z","userIdentity":{"arn":"arn:x","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}}`, ""},
		// The case below a document is the service's; what is known of the identity gets CloudTrail's.
		{"eventTime|eventName|requestParameters.DBName|useridentity.accesskeyid", "2026-03-04T05:06:07Z|A|x|AKIA",
			`{"eventName":"A","eventTime":"2026-03-04T05:06:07Z","requestParameters":{"DBName":"x"},"userIdentity":{"accessKeyId":"AKIA"}}`, ""},
		// A document is not added to, and a path through a text leads nowhere.
		{"eventTime|eventName|requestParameters|requestParameters.a|eventName.x", `2026-03-04T05:06:07Z|A|{"b":1}|2|y`,
			`{"eventName":"A","eventTime":"2026-03-04T05:06:07Z","requestParameters":{"b":1}}`, ""},
		{"eventTime|eventName|userIdentity", "yesterday|A|{type=a, type=b}", `{"eventName":"A","eventTime":"yesterday","userIdentity":{"type":"a"}}`, "userIdentity: type stands twice"},
	} {
		raw, odd, err := rebuild(strings.Split(test.names, "|"), strings.Split(test.values, "|"))
		if err != nil || string(raw) != test.want || !strings.HasPrefix(strings.Join(odd, "; "), test.odd) || test.odd == "" && odd != nil {
			t.Errorf("%s: %s, %v, %v", test.names, raw, odd, err)
		}
	}
	if raw, _, err := rebuild([]string{"eventname", "eventtime"}, []string{"A", "null"}); err == nil {
		t.Errorf("a record without a time: %s", raw)
	}
}

func TestOCSF(t *testing.T) {
	for event, want := range map[string]string{
		// A failure without a code must not read as a success, and what is mapped is not overruled by what was not.
		`{"class_uid":6003,"time":1772600767000,"status_id":2,"api":{"operation":"A"},"unmapped":{"eventName":"B","readOnly":"true"}}`:                  `{"errorCode":"Failure","eventName":"A","eventTime":"2026-03-04T05:06:07Z","readOnly":true}`,
		`{"class_uid":6003,"time_dt":"2026-03-04 05:06:07.000000","actor":{"user":{"uid":"AIDA1","uid_alt":"arn:x"}},"unmapped":[["a.b","c"],["odd"]]}`: `{"a":{"b":"c"},"eventTime":"2026-03-04T05:06:07Z","userIdentity":{"arn":"arn:x","principalId":"AIDA1"}}`,
		`{"class_uid":6003,"api":7,"resources":[1,{"uid":"arn:r"}],"unmapped":{"userIdentity":{"type":"Root"},"requestParameters":"{\"k\":1}"}}`:        `{"requestParameters":{"k":1},"resources":[{"ARN":"arn:r"}],"userIdentity":{"type":"Root"}}`,
	} {
		got, report := lines(t, JSON, event)
		if got[0] != want || report.Records != 1 {
			t.Errorf("%s: %s, %+v", event, got, report)
		}
	}
}
