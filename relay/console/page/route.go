package page

import (
	"net/http"

	"edgerelay/relay/desk"
)

// formMax is the most bytes of a form that is read.
const formMax = 1 << 20

// Handlers are the pages by their paths, and of each path by the method. Paths are patterns of http.ServeMux.
func (p *Pages) Handlers() map[string]map[string]http.HandlerFunc {
	all := map[string]map[string]http.HandlerFunc{AssetPath + "{name}": {"GET": p.serveAsset}}
	if p.opt.Desk == nil {
		return all
	}
	for path, handlers := range map[string]map[string]http.HandlerFunc{
		"/webhooks":                     {"GET": p.list, "POST": p.form(p.create)},
		"/webhooks/new":                 {"GET": p.newHook},
		"/webhooks/test":                {"POST": p.form(p.tryForm)},
		"/webhooks/fields":              {"POST": p.form(p.fitForm)},
		"/webhook/{name}":               {"GET": p.hook},
		"/webhook/{name}/delete":        {"GET": p.askDelete, "POST": p.form(p.delete)},
		"/webhook/{name}/test":          {"POST": p.form(p.try)},
		"/webhook/{name}/edit":          {"GET": p.editHook, "POST": p.form(p.edit)},
		"/webhook/{name}/enable":        {"GET": p.askEnable, "POST": p.form(p.enable)},
		"/webhook/{name}/log":           {"GET": p.hookLog},
		"/webhook/{name}/log/{id}":      {"GET": p.hookAttempt},
		"/webhook/{name}/dead":          {"GET": p.dead, "POST": p.form(p.revive)},
		"/webhook/{name}/replay":        {"GET": p.askReplay, "POST": p.form(p.replay)},
		"/webhook/{name}/replay/cancel": {"POST": p.form(p.cancelReplay)},
		"/errors":                       {"GET": p.errorLog},
		"/catalog/{list}":               {"GET": p.entries, "POST": p.form(p.createEntry)},
		"/catalog/{list}/new":           {"GET": p.newEntry},
		"/catalog/{list}/entry":         {"GET": p.showEntry, "POST": p.form(p.editEntry)},
		"/catalog/try":                  {"GET": p.askTouch, "POST": p.form(p.touch)},
		"/catalog/pick":                 {"GET": p.pickItems},
		"/live":                         {"GET": p.liveEvents},
		"/live/deliveries":              {"GET": p.liveDeliveries},
		"/explain":                      {"GET": p.askExplain, "POST": p.form(p.explain)},
		"/errors/{id}":                  {"GET": p.anyAttempt},
		"/webhook/{name}/disable":       {"POST": p.form(p.disable)},
	} {
		all[path] = handlers
	}
	return all
}

// form reads the form that a request carries before its handler looks at it.
func (p *Pages) form(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formMax)
		if err := r.ParseForm(); err != nil {
			p.refuse(w, r, &desk.Error{Code: desk.Invalid, Message: "read the form: " + err.Error()})
			return
		}
		handler(w, r)
	}
}

// scripted says whether htmx asks, which puts a part of a page in place of another.
func scripted(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// moveOn leads the browser to another page once something was done.
func moveOn(w http.ResponseWriter, r *http.Request, path string) {
	if scripted(r) {
		w.Header().Set("HX-Redirect", path)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}
