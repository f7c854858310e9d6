package travel

import (
	"testing"

	"github.com/quell-ir/quell"
)

func TestWhoOf(t *testing.T) {
	tests := []struct {
		name, identity, rest, want string
	}{
		{"user", `"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","userName":"ann"`, "", "arn:aws:iam::111122223333:user/ann"},
		{"user without an ARN", `"type":"IAMUser","accountId":"111122223333","userName":"ann"`, "", "111122223333 ann"},
		{"root", `"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"`, "", "root of 111122223333"},
		{"session of a person", `"type":"AssumedRole","principalId":"AROAEXAMPLE:Ann@Example.com","arn":"arn:aws:sts::111122223333:assumed-role/A/Ann@Example.com"`, "", "ann@example.com"},
		{"the same in another role", `"type":"AssumedRole","principalId":"AROAOTHER:ann@example.com"`, "", "ann@example.com"},
		{"session without an id", `"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/A/ann@example.com"`, "", "ann@example.com"},
		{"session of anybody", `"type":"AssumedRole","principalId":"AROAEXAMPLE:admin"`, "", "AROAEXAMPLE:admin"},
		{"federated user", `"type":"FederatedUser","principalId":"111122223333:ann@example.com"`, "", "ann@example.com"},
		{"Identity Center by name", `"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"u-1"}`, `,"additionalEventData":{"UserName":"Ann@Example.com"}`, "ann@example.com"},
		{"Identity Center by id", `"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"u-1"}`, "", "u-1"},
		{"older Identity Center", `"type":"Unknown","principalId":"111122223333","accountId":"111122223333","userName":"Ann"`, "", "111122223333 ann"},
		{"hidden", `"type":"Unknown","principalId":"111122223333","accountId":"111122223333","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"`, "", ""},
		{"odd data", `"type":"Unknown","accountId":"111122223333"`, `,"additionalEventData":{"UserName":7}`, ""},
	}
	for _, tt := range tests {
		raw := `{"eventTime":"2026-03-02T09:00:00Z","eventName":"ConsoleLogin","userIdentity":{` + tt.identity + `}` + tt.rest + `}`
		e, err := quell.ReadCloudTrail([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := whoOf(&e); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
