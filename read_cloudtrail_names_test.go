package quell

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEntityOfARN(t *testing.T) {
	const account = "111122223333"
	for _, test := range []struct {
		arn  string
		want Entity
	}{
		{"arn:aws:s3:::payroll", Entity{Kind: KindBucket, ID: "payroll"}},
		{"arn:aws:s3:::payroll/2026/a", Entity{Kind: KindResource, ID: "arn:aws:s3:::payroll/2026/a", Name: "a"}},
		{"arn:aws:iam::111122223333:root", Entity{Kind: KindRoot, ID: account, Name: "root", Account: account}},
		{"arn:aws:iam::111122223333:user/eng/alice", Entity{Kind: KindUser, ID: "arn:aws:iam::111122223333:user/eng/alice", Name: "alice", Account: account}},
		{"arn:aws:iam::aws:policy/AdministratorAccess", Entity{Kind: KindPolicy, ID: "arn:aws:iam::aws:policy/AdministratorAccess", Name: "AdministratorAccess"}},
		{"arn:aws-cn:iam::111122223333:role/r", Entity{Kind: KindRole, ID: "arn:aws-cn:iam::111122223333:role/r", Name: "r", Account: account}},
		{"arn:aws:iam::111122223333:group/g", Entity{Kind: KindGroup, ID: "arn:aws:iam::111122223333:group/g", Name: "g", Account: account}},
		{"arn:aws:sts::111122223333:assumed-role/r/s", Entity{Kind: KindSession, ID: "arn:aws:sts::111122223333:assumed-role/r/s", Name: "s", Account: account}},
		{"arn:aws:sts::111122223333:federated-user/f", Entity{Kind: KindFederated, ID: "111122223333:f", Name: "f", Account: account}},
		{"arn:aws:ec2:eu-west-1:111122223333:instance/i-1", Entity{Kind: KindInstance, ID: "i-1", Account: account, Region: "eu-west-1"}},
		{"arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-AbCdEf", Entity{Kind: KindSecret, ID: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-AbCdEf", Name: "app/db", Account: account, Region: "eu-west-1"}},
		{"arn:aws:lambda:eu-west-1:111122223333:function:f", Entity{Kind: KindResource, ID: "arn:aws:lambda:eu-west-1:111122223333:function:f", Name: "f", Account: account, Region: "eu-west-1"}},
		{"not an arn", Entity{Kind: KindResource, ID: "not an arn"}},
	} {
		test.want.ARN = test.arn
		if diff := cmp.Diff(test.want, EntityOfARN(test.arn)); diff != "" {
			t.Error(test.arn, diff)
		}
	}
}

// TestRequestNames feeds every row of the table a request of its own: each must name one entity that somebody can act on,
// and an ARN in place of the name must name the same kind.
func TestRequestNames(t *testing.T) {
	for _, row := range requestNames {
		service := row.service
		if service == "" {
			service = "any"
		}
		value := row.prefix + "thing"
		if row.arn == "$n" {
			value = "arn:aws:iam::111122223333:policy/thing"
		}
		var request any = value
		for i := len(row.path) - 1; i >= 0; i-- {
			request = map[string]any{row.path[i]: request}
		}
		text, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		e, err := ReadCloudTrail([]byte(record("UpdateThing", service, asAlice+`,"requestParameters":`+string(text))))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, entity := range e.Resources {
			if entity.Part != PartTarget {
				continue
			}
			found++
			if entity.Kind != row.kind && row.kind != KindResource || strings.Contains(entity.ARN+entity.ID, "$") {
				t.Errorf("%s %v: %+v", service, row.path, entity)
			}
			if row.bare && entity.ID != value {
				t.Errorf("%s %v: id %s, want %s", service, row.path, entity.ID, value)
			}
		}
		if found != 1 {
			t.Errorf("%s %v named %d entities", service, row.path, found)
		}
	}
}

// TestReadCloudTrailAnyShape: whatever type a field has, a record with a time and a name is an event.
func TestReadCloudTrailAnyShape(t *testing.T) {
	fieldNames := []string{"userIdentity", "requestParameters", "responseElements", "resources", "sourceIPAddress", "readOnly", "errorCode",
		"awsRegion", "eventID", "recipientAccountId", "additionalEventData", "type", "principalId", "arn", "sessionContext", "sessionIssuer",
		"credentials", "accessKeyId", "assumedRoleUser", "userName", "user", "instancesSet", "items", "instanceId", "ARN"}
	var value *rapid.Generator[any]
	value = rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Float64Range(-1e6, 1e6).Draw(t, "number")
		case 2:
			return rapid.Bool().Draw(t, "flag")
		case 3:
			return rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[any] { return value }), 0, 2).Draw(t, "list")
		case 4, 5:
			return rapid.MapOfN(rapid.SampledFrom(fieldNames), rapid.Deferred(func() *rapid.Generator[any] { return value }), 0, 3).Draw(t, "object")
		}
		return rapid.SampledFrom([]string{"", "arn:aws:iam::111122223333:user/x", "AROAX:s", "IAMUser", "AssumedRole", "i-1", "arn:::::", "\x00"}).Draw(t, "text")
	})
	rapid.Check(t, func(t *rapid.T) {
		record := rapid.MapOfN(rapid.SampledFrom(fieldNames), value, 0, 8).Draw(t, "record")
		record["eventTime"], record["eventName"] = "2026-03-04T05:06:07Z", "CreateUser"
		record["eventSource"] = rapid.SampledFrom([]string{"iam.amazonaws.com", "sts.amazonaws.com", "ec2.amazonaws.com"}).Draw(t, "source")
		raw, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		e, err := ReadCloudTrail(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		again, err := ReadCloudTrail(raw)
		if diff := cmp.Diff(e, again); diff != "" || err != nil {
			t.Fatalf("read twice, it differs: %s", diff)
		}
		for _, entity := range e.Resources {
			if entity.ID == "" || entity.Part == "" {
				t.Fatalf("%s: entity %+v", raw, entity)
			}
		}
	})
}
