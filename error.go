package quell

import (
	"errors"
	"strings"
)

// ErrorCode is the class of an error; the command line turns it into an exit status.
type ErrorCode string

// Error codes with the exit status each leads to.
const (
	CodeFailed  ErrorCode = "failed"  // 1
	CodeUsage   ErrorCode = "usage"   // 2
	CodeWaiting ErrorCode = "waiting" // 4: a person must answer
	CodeRefused ErrorCode = "refused" // 5: a guard said no
	CodeLeaking ErrorCode = "leaking" // 6
)

// Error is an error for people: what happened, where, and what to do next. Err is the cause, for operators.
type Error struct {
	Code ErrorCode
	What string
	Next string
	Err  error
}

// Error implements error. Text from accounts and logs is cleaned.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(Clean(e.What))
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(Clean(e.Err.Error()))
	}
	if e.Next != "" {
		b.WriteString("; ")
		b.WriteString(Clean(e.Next))
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first Error in err's chain, CodeFailed for any other error, "" for nil.
func CodeOf(err error) ErrorCode {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeFailed
}
