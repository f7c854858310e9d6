package approve

import "testing"

func TestIdentify(t *testing.T) {
	const sso = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice@example.com"
	tests := []struct {
		arn, source, want string
	}{
		{"arn:aws:iam::111122223333:user/alice", "", "arn:aws:iam::111122223333:user/alice"},
		{"arn:aws:iam::111122223333:user/team/alice", "", "arn:aws:iam::111122223333:user/team/alice"},
		{"arn:aws-cn:iam::111122223333:user/alice", "", "arn:aws-cn:iam::111122223333:user/alice"},
		{sso, "", "identity-center/alice@example.com"},
		{sso, "mallory", "identity-center/alice@example.com"},
		{"arn:aws:sts::111122223333:assumed-role/ops/alice", "", ""},
		{"arn:aws:sts::111122223333:assumed-role/ops/alice", "bob", "source-identity/bob"},
		{"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin/alice", "", ""},
		{"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdefg/alice", "", ""},
		{"arn:aws:sts::111122223333:assumed-role/ops/x/alice", "bob", ""},
		{"arn:aws:sts::111122223333:federated-user/alice", "bob", ""},
		{"arn:aws:iam::111122223333:root", "", ""},
		{"arn:aws:iam::111122223333:role/ops", "", ""},
		{"arn:aws:iam::111122223333:user/", "", ""},
		{"arn:aws:s3:::user/alice", "", ""},
		{"arn:aws:iam::1:user/alice", "", ""},
		{"alice", "bob", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if got, ok := Identify(tt.arn, tt.source); got != tt.want || ok != (tt.want != "") {
			t.Errorf("Identify(%q, %q) = %q, %v; want %q", tt.arn, tt.source, got, ok, tt.want)
		}
	}
}

func FuzzIdentify(f *testing.F) {
	f.Add("arn:aws:iam::111122223333:user/alice", "")
	f.Add("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_A_0123456789abcdef/a", "b")
	f.Add("arn:::::////", "x")
	f.Fuzz(func(t *testing.T, arn, source string) {
		person, ok := Identify(arn, source)
		if ok != (person != "") {
			t.Fatalf("%q %v", person, ok)
		}
		// A person is known again by the name that was given.
		if again, known := identityOf(person); ok && (!known || again != person) {
			t.Fatalf("%q is then %q, %v", person, again, known)
		}
	})
}
