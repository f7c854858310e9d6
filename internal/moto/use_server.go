package moto

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Reset empties the emulator. The first call of IAM after it takes a second: it reads all of AWS's policies anew.
func (s *Server) Reset(t testing.TB) {
	t.Helper()
	client := &http.Client{Timeout: 30 * time.Second}
	res, err := client.Post(s.URL+"/moto-api/reset", "", nil)
	if err != nil {
		t.Fatalf("reset moto: %v", err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("reset moto: it answers %s (%v)", res.Status, err)
	}
}

// The credentials are the emulator's administrator's: it asks nobody for a name unless authorisation is switched on.
const (
	KeyID  = "AKIAIOSFODNN7EXAMPLE"
	Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// Config is a configuration for the emulator.
func (s *Server) Config(region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider(KeyID, Secret, ""),
		HTTPClient: &http.Client{Timeout: 30 * time.Second},
	}
}
