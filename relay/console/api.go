package console

import (
	"errors"
	"net/http"

	"edgerelay/relay/desk"
	"edgerelay/relay/registry"
)

// api is the admin API: the methods of each path. All of it answers JSON; what goes wrong is
// {"error":{"code","message","field"}}. openapi.json describes it.
func (s *Server) api() map[string]methods {
	if s.opts.Desk == nil {
		return map[string]methods{"/api/stats": {"GET": s.stats}}
	}
	paths := map[string]methods{
		"/api/webhooks":                    {"GET": s.listWebhooks, "POST": s.createWebhook},
		"/api/types":                       {"GET": s.types},
		"/api/webhooks/{name}":             {"GET": s.getWebhook, "PATCH": s.editWebhook, "DELETE": s.deleteWebhook},
		"/api/webhooks/{name}/enable":      {"POST": s.enableWebhook},
		"/api/webhooks/{name}/disable":     {"POST": s.disableWebhook},
		"/api/webhooks/{name}/stats":       {"GET": s.webhookStats},
		"/api/webhooks/{name}/test":        {"POST": s.tryWebhook},
		"/api/webhooks/{name}/log":         {"GET": s.webhookLog},
		"/api/webhooks/{name}/log.json":    {"GET": s.downloadLog},
		"/api/webhooks/{name}/dead":        {"GET": s.webhookDead},
		"/api/webhooks/{name}/dead/replay": {"POST": s.reviveDead},
		"/api/webhooks/{name}/replay":      {"POST": s.replayWebhook},
		"/api/replays":                     {"GET": s.listReplays},
		"/api/replays/{id}":                {"GET": s.getReplay, "DELETE": s.cancelReplay},
		"/api/errors":                      {"GET": s.errorLog},
		"/api/apps":                        {"GET": s.apps},
		"/api/events":                      {"GET": s.events},
		"/api/deliveries":                  {"GET": s.deliveries},
		"/api/explain":                     {"POST": s.explain},
		"/api/reload":                      {"POST": s.reload},
		"/api/reload/compare":              {"POST": s.compare},
		"/api/stats":                       {"GET": s.stats},
		"/api/openapi.json":                {"GET": s.describe},
	}
	s.addCatalog(paths)
	return paths
}

// statuses are the HTTP statuses of the desk's refusals.
var statuses = map[desk.Code]int{
	desk.Invalid:                    http.StatusBadRequest,
	desk.NotFound:                   http.StatusNotFound,
	desk.Stale:                      http.StatusPreconditionFailed,
	desk.Busy:                       http.StatusServiceUnavailable,
	desk.Off:                        http.StatusConflict,
	desk.InUse:                      http.StatusConflict,
	desk.BadConfig:                  http.StatusConflict,
	desk.Code(registry.Exists):      http.StatusConflict,
	desk.Code(registry.ReadOnly):    http.StatusConflict,
	desk.Code(registry.NeedsReview): http.StatusConflict,
	desk.Code(registry.NeedsForce):  http.StatusConflict,
	desk.Code(registry.NeedsFrom):   http.StatusConflict,
}

// refuse answers with what the desk refused, or with a fault of the relay, which is logged too.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refused *desk.Error
	if !errors.As(err, &refused) {
		s.opts.Logger.Error("a request to the admin API failed", "method", r.Method, "path", r.URL.Path, "error", err)
		fail(w, http.StatusInternalServerError, "internal", "%v", err)
		return
	}
	status := statuses[refused.Code]
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	answerJSON(w, status, struct {
		Error *desk.Error `json:"error"`
	}{refused})
}
