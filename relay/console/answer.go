package console

import (
	"fmt"
	"net/http"

	"github.com/bytedance/sonic"
)

// answers prints JSON as encoding/json does, less the HTML escapes: it is never read as HTML, see the headers in
// secured.
var answers = sonic.Config{SortMapKeys: true, CompactMarshaler: true, CopyString: true, ValidateString: true}.Froze()

// fault is what is wrong with a request.
type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field"` // of the body or the query; "" when it is none in particular
}

// fail answers with an error that no field is to blame for.
func fail(w http.ResponseWriter, status int, code, format string, args ...any) {
	failField(w, status, code, "", format, args...)
}

func failField(w http.ResponseWriter, status int, code, field, format string, args ...any) {
	answerJSON(w, status, struct {
		Error fault `json:"error"`
	}{fault{code, fmt.Sprintf(format, args...), field}})
}

// answerJSON answers with v, or says why v is no JSON.
func answerJSON(w http.ResponseWriter, status int, v any) {
	text, err := answers.Marshal(v)
	if err != nil {
		fail(w, http.StatusInternalServerError, "internal", "encode the answer: %v", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // who does not listen any more needs no answer
}

// probe answers a health check: plain text, since it is read by people in the status of a pod.
func (s *Server) probe(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		status, text := http.StatusOK, "ok"
		if err := check(); err != nil {
			status, text = http.StatusServiceUnavailable, err.Error()
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = fmt.Fprintln(w, text)
	}
}

func (s *Server) stats(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, s.opts.Stats())
}
