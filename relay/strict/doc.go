// Package strict reads a TOML file key by key into typed fields, and collects every fault in it with its line: wrong
// syntax, unknown keys, keys written twice, wrong types, values out of range, environment variables that are not set.
//
//	root, err := strict.Parse("config.toml", data, os.LookupEnv)   // err: too broken to read on
//	intake := root.Table("intake")
//	intake.Text("listen", &c.Listen)                               // a fault when it is no text; else unchanged or set
//	intake.Size("body_max", &c.BodyMax, 1<<10, 1<<30)
//	return root.Err()                                              // all faults of all tables, unknown keys among them
//
// It knows no key of its own. A file is parsed and read by one goroutine. Its messages show values as the file has them,
// before environment variables were filled in, so that no secret of the environment gets into a log by way of a fault.
package strict
