package quell

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// record puts the parts every record has around what a case is about; later keys win.
func record(name, source, rest string) string {
	return `{"eventVersion":"1.11","eventID":"e-1","eventTime":"2026-03-04T05:06:07Z","awsRegion":"eu-west-1",` +
		`"recipientAccountId":"111122223333","sourceIPAddress":"198.51.100.7","eventName":"` + name + `","eventSource":"` + source +
		`.amazonaws.com",` + rest + `}`
}

const (
	asAlice = `"userIdentity":{"type":"IAMUser","principalId":"AIDAALICE","arn":"arn:aws:iam::111122223333:user/eng/alice","accountId":"111122223333","userName":"alice","accessKeyId":"AKIAALICE"}`
	asRole  = `"userIdentity":{"type":"AssumedRole","principalId":"AROADEPLOY:ci-7","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci-7","accountId":"111122223333","accessKeyId":"ASIACI7","sessionContext":{"sourceIdentity":"bob","attributes":{"mfaAuthenticated":"true"},"sessionIssuer":{"type":"Role","principalId":"AROADEPLOY","arn":"arn:aws:iam::111122223333:role/app/deploy","accountId":"111122223333","userName":"deploy"}}}`
	asFed   = `"userIdentity":{"type":"FederatedUser","principalId":"111122223333:guest","arn":"arn:aws:sts::111122223333:federated-user/guest","accountId":"111122223333","accessKeyId":"ASIAGUEST","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAALICE","arn":"arn:aws:iam::111122223333:user/eng/alice","userName":"alice"}}}`
)

// brief writes entities one a line as part kind/id <of, the address left out: it is in every record.
func brief(list []Entity) []string {
	var out []string
	for _, e := range list {
		if e.Kind == KindIP {
			continue
		}
		line := string(e.Part) + " " + e.Key()
		if e.Of != "" {
			line += " <" + e.Of
		}
		out = append(out, line)
	}
	return out
}

func TestReadCloudTrailActor(t *testing.T) {
	tests := []struct {
		name, identity string
		want           Actor
		entities       []string
	}{
		{"IAM user", asAlice,
			Actor{Type: "IAMUser", Principal: "AIDAALICE", ARN: "arn:aws:iam::111122223333:user/eng/alice", Name: "alice", Account: "111122223333", AccessKey: "AKIAALICE"},
			[]string{"actor access-key/AKIAALICE <AIDAALICE", "actor user/AIDAALICE"}},
		{"role session", asRole,
			Actor{Type: "AssumedRole", Principal: "AROADEPLOY:ci-7", ARN: "arn:aws:sts::111122223333:assumed-role/deploy/ci-7", Name: "deploy", Account: "111122223333", AccessKey: "ASIACI7",
				IssuerType: "Role", IssuerID: "AROADEPLOY", IssuerARN: "arn:aws:iam::111122223333:role/app/deploy", SourceIdentity: "bob", MFA: true},
			[]string{"actor access-key/ASIACI7 <AROADEPLOY:ci-7", "actor role/AROADEPLOY", "actor session/AROADEPLOY:ci-7 <AROADEPLOY"}},
		{"role session without its issuer", `"userIdentity":{"type":"AssumedRole","principalId":"AROAX:s","arn":"arn:aws:sts::111122223333:assumed-role/x/s"}`,
			Actor{Type: "AssumedRole", Principal: "AROAX:s", ARN: "arn:aws:sts::111122223333:assumed-role/x/s", Name: "x", Account: "111122223333"},
			[]string{"actor role/AROAX", "actor session/AROAX:s <AROAX"}},
		{"federated user", asFed,
			Actor{Type: "FederatedUser", Principal: "111122223333:guest", ARN: "arn:aws:sts::111122223333:federated-user/guest", Name: "guest", Account: "111122223333", AccessKey: "ASIAGUEST",
				IssuerType: "IAMUser", IssuerID: "AIDAALICE", IssuerARN: "arn:aws:iam::111122223333:user/eng/alice"},
			[]string{"actor access-key/ASIAGUEST <111122223333:guest", "actor federated-user/111122223333:guest <AIDAALICE", "actor user/AIDAALICE"}},
		{"root", `"userIdentity":{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}`,
			Actor{Type: "Root", Principal: "111122223333", ARN: "arn:aws:iam::111122223333:root", Name: "root", Account: "111122223333"},
			[]string{"actor root/111122223333"}},
		{"service", `"sourceIPAddress":"autoscaling.amazonaws.com","userIdentity":{"type":"AWSService","invokedBy":"autoscaling.amazonaws.com"}`,
			Actor{Type: "AWSService", Name: "autoscaling.amazonaws.com", InvokedBy: "autoscaling.amazonaws.com"},
			[]string{"actor service/autoscaling.amazonaws.com"}},
		{"role of another account", `"userIdentity":{"type":"AWSAccount","principalId":"AROAOTHER:s","accountId":"999900001111"}`,
			Actor{Type: "AWSAccount", Principal: "AROAOTHER:s", Account: "999900001111"},
			[]string{"actor role/AROAOTHER", "actor session/AROAOTHER:s <AROAOTHER"}},
		{"account alone", `"userIdentity":{"type":"AWSAccount","principalId":"","accountId":"999900001111"}`,
			Actor{Type: "AWSAccount", Account: "999900001111"}, []string{"actor account/999900001111"}},
		{"SAML user", `"userIdentity":{"type":"SAMLUser","principalId":"q/+=:jo@example.org","userName":"jo@example.org","identityProvider":"q/+="}`,
			Actor{Type: "SAMLUser", Principal: "q/+=:jo@example.org", Name: "jo@example.org"}, []string{"actor resource/q/+=:jo@example.org"}},
		{"web identity", `"userIdentity":{"type":"WebIdentityUser","principalId":"accounts.example.org:app:9","userName":"9"}`,
			Actor{Type: "WebIdentityUser", Principal: "accounts.example.org:app:9", Name: "9"}, []string{"actor resource/accounts.example.org:app:9"}},
		{"Identity Center", `"userIdentity":{"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"9467-aa","identityStoreArn":"arn:aws:identitystore::111122223333:identitystore/d-9"},"credentialId":"c"}`,
			Actor{Type: "IdentityCenterUser", Principal: "9467-aa", Account: "111122223333"}, []string{"actor resource/arn:aws:identitystore:::user/9467-aa"}},
		{"unknown type with a session's ids", `"userIdentity":{"type":"Unknown","principalId":"AROAQ:w","arn":"arn:aws:sts::111122223333:assumed-role/q/w"}`,
			Actor{Type: "Unknown", Principal: "AROAQ:w", ARN: "arn:aws:sts::111122223333:assumed-role/q/w", Name: "q", Account: "111122223333"},
			[]string{"actor role/AROAQ", "actor session/AROAQ:w <AROAQ"}},
		{"user with somebody else's id", `"userIdentity":{"type":"IAMUser","principalId":"AROAZ:w","arn":"arn:aws:iam::111122223333:user/zoe","userName":"zoe"}`,
			Actor{Type: "IAMUser", Principal: "AROAZ:w", ARN: "arn:aws:iam::111122223333:user/zoe", Name: "zoe", Account: "111122223333"},
			[]string{"actor user/arn:aws:iam::111122223333:user/zoe"}},
		{"no identity", `"userIdentity":null`, Actor{Type: "Unknown", Account: "111122223333"}, nil},
		{"identity of the wrong type", `"userIdentity":[1,{"type":"Root"}]`, Actor{Type: "Unknown", Account: "111122223333"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, err := ReadCloudTrail([]byte(record("DescribeRegions", "ec2", test.identity)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, e.Actor); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.entities, brief(e.Resources)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadCloudTrailEntities(t *testing.T) {
	const self = "actor user/AIDAALICE"
	tests := []struct {
		name, raw string
		want      []string // beside the actor's
	}{
		{"assume role", record("AssumeRole", "sts", asAlice+`,"readOnly":true,"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/app/deploy","roleSessionName":"x"},"responseElements":{"credentials":{"accessKeyId":"ASIANEW"},"assumedRoleUser":{"assumedRoleId":"AROADEPLOY:x","arn":"arn:aws:sts::111122223333:assumed-role/deploy/x"}},"resources":[{"ARN":"arn:aws:iam::111122223333:role/app/deploy","accountId":"111122223333","type":"AWS::IAM::Role"}]`),
			[]string{"made access-key/ASIANEW <AROADEPLOY:x", "used role/AROADEPLOY", "made session/AROADEPLOY:x <AROADEPLOY"}},
		{"assume role refused", record("AssumeRole", "sts", asAlice+`,"readOnly":true,"errorCode":"AccessDenied","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/app/deploy"},"responseElements":null`),
			[]string{"target role/arn:aws:iam::111122223333:role/app/deploy"}},
		{"federation token", record("GetFederationToken", "sts", asAlice+`,"requestParameters":{"name":"guest"},"responseElements":{"credentials":{"accessKeyId":"ASIAGUEST"},"federatedUser":{"federatedUserId":"111122223333:guest","arn":"arn:aws:sts::111122223333:federated-user/guest"}}`),
			[]string{"made access-key/ASIAGUEST <111122223333:guest", "made federated-user/111122223333:guest <AIDAALICE"}},
		{"session token", record("GetSessionToken", "sts", asAlice+`,"responseElements":{"credentials":{"accessKeyId":"ASIATOKEN"}}`),
			[]string{"made access-key/ASIATOKEN <AIDAALICE"}},
		{"create user under a path", record("CreateUser", "iam", asAlice+`,"requestParameters":{"userName":"eve","path":"/x/"},"responseElements":{"user":{"userId":"AIDAEVE","userName":"eve","arn":"arn:aws:iam::111122223333:user/x/eve"}}`),
			[]string{"made user/AIDAEVE"}},
		{"create user refused", record("CreateUser", "iam", asAlice+`,"errorCode":"AccessDenied","requestParameters":{"userName":"eve"}`),
			[]string{"target user/arn:aws:iam::111122223333:user/eve"}},
		{"create role", record("CreateRole", "iam", asAlice+`,"requestParameters":{"roleName":"back"},"responseElements":{"role":{"roleId":"AROABACK","roleName":"back","arn":"arn:aws:iam::111122223333:role/back"}}`),
			[]string{"made role/AROABACK"}},
		{"create key for another", record("CreateAccessKey", "iam", asAlice+`,"requestParameters":{"userName":"eve"},"responseElements":{"accessKey":{"accessKeyId":"AKIANEW","userName":"eve","status":"Active"}}`),
			[]string{"made access-key/AKIANEW <arn:aws:iam::111122223333:user/eve", "target user/arn:aws:iam::111122223333:user/eve"}},
		{"create key for oneself", record("CreateAccessKey", "iam", asAlice+`,"requestParameters":null,"responseElements":{"accessKey":{"accessKeyId":"AKIANEW","userName":"alice"}}`),
			[]string{"made access-key/AKIANEW <AIDAALICE", "target user/AIDAALICE"}},
		{"login profile", record("CreateLoginProfile", "iam", asAlice+`,"requestParameters":{"userName":"eve"},"responseElements":{"loginProfile":{"userName":"eve"}}`),
			[]string{"made resource/login-profile/arn:aws:iam::111122223333:user/eve <arn:aws:iam::111122223333:user/eve", "target user/arn:aws:iam::111122223333:user/eve"}},
		{"create policy", record("CreatePolicy", "iam", asAlice+`,"requestParameters":{"policyName":"all"},"responseElements":{"policy":{"policyId":"ANPAX","policyName":"all","arn":"arn:aws:iam::111122223333:policy/all"}}`),
			[]string{"made policy/arn:aws:iam::111122223333:policy/all"}},
		{"create group", record("CreateGroup", "iam", asAlice+`,"requestParameters":{"groupName":"ops"},"responseElements":{"group":{"groupId":"AGPAX","groupName":"ops","arn":"arn:aws:iam::111122223333:group/ops"}}`),
			[]string{"made group/arn:aws:iam::111122223333:group/ops"}},
		{"attach to oneself", record("AttachUserPolicy", "iam", asAlice+`,"requestParameters":{"userName":"alice","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`),
			[]string{"target policy/arn:aws:iam::aws:policy/AdministratorAccess", "target user/AIDAALICE"}},
		{"key switched off", record("UpdateAccessKey", "iam", asAlice+`,"requestParameters":{"userName":"bob","accessKeyId":"AKIABOB","status":"Inactive"}`),
			[]string{"target access-key/AKIABOB <arn:aws:iam::111122223333:user/bob", "target user/arn:aws:iam::111122223333:user/bob"}},
		{"object read", record("GetObject", "s3", asAlice+`,"readOnly":true,"requestParameters":{"bucketName":"pay","key":"a"},"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::pay/a"},{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::pay"}]`),
			[]string{"read bucket/pay", "read resource/arn:aws:s3:::pay/a"}},
		{"object read refused", record("GetObject", "s3", asAlice+`,"readOnly":true,"errorCode":"AccessDenied","requestParameters":{"bucketName":"pay"}`),
			[]string{"target bucket/pay"}},
		{"bucket made", record("CreateBucket", "s3", asAlice+`,"requestParameters":{"bucketName":"out"}`), []string{"made bucket/out"}},
		{"secret by ARN", record("GetSecretValue", "secretsmanager", asAlice+`,"readOnly":true,"requestParameters":{"secretId":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"}`),
			[]string{"read secret/arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"}},
		{"secret by name", record("DeleteSecret", "secretsmanager", asAlice+`,"requestParameters":{"secretId":"db"}`),
			[]string{"target secret/arn:aws:secretsmanager:eu-west-1:111122223333:secret:db"}},
		{"instances made", record("RunInstances", "ec2", asAlice+`,"requestParameters":{"instancesSet":{"items":[{"imageId":"ami-1"}]}},"responseElements":{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}}`),
			[]string{"made instance/i-1", "made instance/i-2"}},
		{"instances ended", record("TerminateInstances", "ec2", asAlice+`,"requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"},7,{"instanceId":["i-9"]}]}}`),
			[]string{"target instance/i-1", "target instance/i-9"}},
		{"session on an instance", record("StartSession", "ssm", asAlice+`,"requestParameters":{"target":"i-1"}`), []string{"target instance/i-1"}},
		{"group opened", record("AuthorizeSecurityGroupIngress", "ec2", asAlice+`,"requestParameters":{"groupId":"sg-1"}`), []string{"target resource/sg-1"}},
		{"snapshot shared", record("ModifySnapshotAttribute", "ec2", asAlice+`,"requestParameters":{"snapshotId":"snap-1"}`), []string{"target resource/snap-1"}},
		{"key by id", record("ScheduleKeyDeletion", "kms", asAlice+`,"requestParameters":{"keyId":"12-ab"}`), []string{"target resource/arn:aws:kms:eu-west-1:111122223333:key/12-ab"}},
		{"key by alias", record("DisableKey", "kms", asAlice+`,"requestParameters":{"keyId":"alias/main"}`), []string{"target resource/arn:aws:kms:eu-west-1:111122223333:alias/main"}},
		{"function with a version", record("UpdateFunctionCode20150331v2", "lambda", asAlice+`,"requestParameters":{"functionName":"arn:aws:lambda:eu-west-1:111122223333:function:f:7"}`),
			[]string{"target resource/arn:aws:lambda:eu-west-1:111122223333:function:f"}},
		{"through a service", record("DeleteTrail", "cloudtrail", `"requestParameters":{"name":"main"},`+strings.Replace(asAlice, `"type"`, `"invokedBy":"cloudformation.amazonaws.com","type"`, 1)),
			[]string{"target resource/arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", "used service/cloudformation.amazonaws.com"}},
		{"China", record("PutUserPolicy", "iam", `"userIdentity":{},"awsRegion":"cn-north-1","requestParameters":{"userName":"li"}`), []string{"target user/arn:aws-cn:iam::111122223333:user/li"}},
		{"odd shapes", record("PutUserPolicy", "iam", asAlice+`,"requestParameters":"text","responseElements":[[[1]]],"resources":{"ARN":1}`), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, err := ReadCloudTrail([]byte(test.raw))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, line := range brief(e.Resources) {
				if line != self && line != "actor access-key/AKIAALICE <AIDAALICE" {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestActorEntities(t *testing.T) {
	if list := (Actor{}).Entities(); len(list) != 0 {
		t.Errorf("nobody is %v", list)
	}
	got := Actor{Type: "Role", Principal: "AROAX:i-1", Name: "web", Account: "111122223333", AccessKey: "ASIAX"}.Entities()
	want := []Entity{
		{Kind: KindSession, ID: "AROAX:i-1", Name: "i-1", Account: "111122223333", Part: PartActor, Of: "AROAX"},
		{Kind: KindRole, ID: "AROAX", Name: "web", Account: "111122223333", Part: PartActor},
		{Kind: KindAccessKey, ID: "ASIAX", Account: "111122223333", Part: PartActor, Of: "AROAX:i-1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadCloudTrailHead(t *testing.T) {
	raw := []byte(record("ConsoleLogin", "signin", asAlice+`,"userAgent":"curl/8","errorMessage":"Failed authentication","additionalEventData":{"MFAUsed":"Yes"},"huge":1e9999`))
	e, err := ReadCloudTrail(raw)
	if err != nil {
		t.Fatal(err)
	}
	if e.ErrorCode != "Failed authentication" || !e.Actor.MFA || e.UserAgent != "curl/8" || e.SourceIP != "198.51.100.7" || e.Region != "eu-west-1" {
		t.Errorf("head = %+v", e)
	}
	if want := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC); !e.Time.Equal(want) || e.ID != "e-1" || e.Account != "111122223333" {
		t.Errorf("time, id, account = %v %q %q", e.Time, e.ID, e.Account)
	}
	raw[0] = 'x'
	if !json.Valid(e.Raw) {
		t.Error("Raw shares the caller's buffer")
	}
	bare, err := ReadCloudTrail([]byte(`{"eventTime":"2026-03-04T05:06:07.5+01:00","eventName":"ListUsers"}`))
	if err != nil || !strings.HasPrefix(bare.ID, "x-") || !bare.ReadOnly || bare.Time.Hour() != 4 {
		t.Errorf("bare record = %+v, %v", bare, err)
	}
}

func TestReadCloudTrailErrors(t *testing.T) {
	for _, test := range []struct{ raw, want string }{
		{`{"eventName":"X"}`, "eventTime: missing"},
		{`{"eventName":"X","eventTime":{}}`, "eventTime: missing"},
		{`{"eventName":"X","eventTime":"yesterday"}`, `eventTime: "yesterday" is not`},
		{`{"eventTime":"2026-03-04T05:06:07Z"}`, "eventName: missing"},
		{`null`, "found null"},
		{`[]`, "decode JSON object"},
		{`{"eventName":"X"`, "unexpected EOF"},
		{`{} {}`, "more text after it"},
	} {
		if _, err := ReadCloudTrail([]byte(test.raw)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.raw, err, test.want)
		}
	}
}

// TestReadCloudTrailPublicRecords reads records that others published.
func TestReadCloudTrailPublicRecords(t *testing.T) {
	read := 0
	for _, pattern := range []string{"../shared/data/stratus/*.json", "../shared/data/traildiscover/logExamples/*.cloudtrail"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var records []json.RawMessage
			if json.Unmarshal(data, &records) != nil {
				records = []json.RawMessage{data}
			}
			for i, raw := range records {
				e, err := ReadCloudTrail(raw)
				if err != nil {
					t.Errorf("%s record %d: %v", file, i, err)
					continue
				}
				read++
				if e.Actor.Type == "" || e.Actor.Account == "" || e.Actor.ARN != "" && len(e.Resources) == 0 {
					t.Errorf("%s record %d: no actor: %+v", file, i, e.Actor)
				}
			}
		}
	}
	if read == 0 {
		t.Skip("no published records at ../shared/data: nothing to read")
	}
	t.Logf("%d records", read)
}

func FuzzReadCloudTrail(f *testing.F) {
	f.Add([]byte(record("AssumeRole", "sts", asRole)))
	f.Add([]byte(record("CreateAccessKey", "iam", asFed+`,"requestParameters":{"userName":"eve"},"responseElements":{"accessKey":{"accessKeyId":"AKIA"}}`)))
	f.Add([]byte(`{"eventTime":"2026-03-04T05:06:07Z","eventName":"X","resources":[{"ARN":"arn:::::"}],"requestParameters":{"instanceIds":[[],["i-"]]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := ReadCloudTrail(raw)
		if err != nil {
			return
		}
		if e.Time.IsZero() && !strings.Contains(string(raw), "0001-01-01") || e.Name == "" || e.ID == "" || e.Actor.Type == "" {
			t.Errorf("event without time, name, id or actor type: %+v", e)
		}
		for _, entity := range e.Resources {
			if entity.ID == "" || entity.Kind == "" || entity.Part == "" {
				t.Errorf("entity %+v", entity)
			}
		}
	})
}
