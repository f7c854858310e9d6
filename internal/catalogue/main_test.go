package main

import (
	"os"
	"testing"
)

func TestListIsUpToDate(t *testing.T) {
	want, err := List("../../actions")
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../actions/list_generated.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(have) {
		t.Error("actions/list_generated.go does not list the actions there are; run make generate")
	}
}
