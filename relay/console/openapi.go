package console

import (
	_ "embed"
	"net/http"
)

// openAPI is the admin API's description, OpenAPI 3.0. It is written by hand: what the relay answers is held against it
// by TestOpenAPI.
//
//go:embed openapi.json
var openAPI []byte

// describe answers with the description of the admin API.
func (s *Server) describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI) // who does not listen any more needs no answer
}
