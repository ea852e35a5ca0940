package destination

import (
	"net/netip"
	"regexp"
	"strings"
)

// archiveS3 is a bucket of Amazon S3 or of any store that speaks its protocol (seed 000). Objects are named by positions
// in the log and written only where there is none (If-None-Match: *), so that a batch which is sent again after a lost
// reply is never there twice.
var archiveS3 = Type{
	Name: "s3", Title: "S3",
	Settings: archiveSettings(
		Setting{Name: "bucket", Text: "the bucket's name", Required: true},
		Setting{Name: "region", Text: `the bucket's region, such as "eu-central-1"`, Default: "us-east-1"},
		Setting{Name: "access_key", Text: "the access key's ID; without one, the machine's own credentials are used (environment, web identity, instance role), in the config file only", Own: true},
		Setting{Name: "secret_key", Text: "the secret access key", Secret: true},
		Setting{Name: "path_style", Text: "whether the bucket stands in the path rather than in the host's name; auto finds out", Default: "auto", Choices: []string{"auto", "yes", "no"}},
	),
	Plan: planS3,
}

var (
	bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionPattern = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
)

func planS3(s *Settings, fault func(field, text string, args ...any)) *Plan {
	plan := planArchive(s, fault)
	region, bucket := s.Of("region"), s.Of("bucket")
	if !regionPattern.MatchString(region) {
		fault("settings.region", `%q is no region; write it like "eu-central-1"`, region)
		region = "us-east-1"
	}
	if _, err := netip.ParseAddr(bucket); err == nil || !bucketPattern.MatchString(bucket) || strings.Contains(bucket, "..") {
		fault("settings.bucket", "%q is no bucket's name; it has 3 to 63 lower case letters, digits, dots and hyphens", bucket)
	}
	if (s.Of("access_key") == "") != (s.Of("secret_key") == "") {
		fault("settings.secret_key", "goes with access_key; set both, or neither to use the machine's own credentials")
	}
	for _, name := range []string{"access_key", "secret_key"} {
		if strings.ContainsFunc(s.Of(name), func(r rune) bool { return r <= ' ' || r > '~' }) {
			fault("settings."+name, "has a space or a control character in it; copy the key once more")
		}
	}
	plan.URL = endpoint("https://s3."+region+".amazonaws.com", s, fault)
	if strings.Trim(plan.URL.Path, "/") != "" || plan.URL.RawQuery != "" {
		fault("url", `is an endpoint without a path, like "https://minio.example.com:9000"; the bucket goes into settings.bucket, folders into settings.prefix`)
	}
	plan.Place = "s3://" + join(bucket, s.Of("prefix"))
	return plan
}
