// Package call turns AWS SDK operations into data and back: a Definition knows how to build an input, send it, print it
// as an `aws` command, and which permissions and error codes go with it.
//
// What comes in: SDK clients' constructors and methods, as function values; aws.Config at send time. What goes out:
// quell.Call values, and the Reply of sending one. What is promised: an input survives JSON both ways; only the outputs
// a call names are kept; no SDK client is ever held in an interface or a struct field, so that the linker can drop the
// methods nobody uses. Read package action next.
package call
