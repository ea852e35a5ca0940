package destination

import (
	"errors"
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// archiveSFTP is a folder of a server that speaks SFTP (seed 000). Files are written under another name and renamed when
// they are whole. The server must prove by its host key that it is the right one.
var archiveSFTP = Type{
	Name: "sftp", Title: "SFTP",
	NoAddress: true,
	Settings: archiveSettings(
		Setting{Name: "host", Text: `the server, such as "files.example.com" or "files.example.com:2222"`, Required: true},
		Setting{Name: "user", Text: "who logs in", Required: true},
		Setting{Name: "password", Text: "the user's; or set private_key", Secret: true},
		Setting{Name: "private_key", Text: "the user's, in PEM, without a passphrase", Secret: true, Lines: true},
		Setting{Name: "host_key", Text: `the server's public key as ssh-keyscan prints it, or its fingerprint "SHA256:…"; several with line ends between`, Required: true, Lines: true},
		Setting{Name: "path", Text: "the folder, from the server's root or the user's home"},
	),
	Plan: planSFTP,
}

func planSFTP(s *Settings, fault func(field, text string, args ...any)) *Plan {
	if s.URL != "" {
		fault("url", "is of no use to a webhook of type sftp; set settings.host")
	}
	address, err := SSHAddress(s.Of("host"))
	if err != nil {
		fault("settings.host", "%v", err)
	}
	if s.Of("password") == "" && s.Of("private_key") == "" {
		fault("settings.password", "is missing, and so is private_key; set one of them")
	}
	if key := s.Of("private_key"); key != "" {
		var sealed *ssh.PassphraseMissingError
		if _, err := ssh.ParsePrivateKey([]byte(key)); errors.As(err, &sealed) {
			fault("settings.private_key", "is sealed with a passphrase; make a key without one for this webhook")
		} else if err != nil {
			fault("settings.private_key", "is no private key; it begins with -----BEGIN OPENSSH PRIVATE KEY----- or the like")
		}
	}
	if _, err := ParseHostKeys(s.Of("host_key")); err != nil {
		fault("settings.host_key", "%v", err)
	}
	if folder := s.Of("path"); slices.Contains(strings.Split(folder, "/"), "..") || strings.ContainsFunc(folder, func(r rune) bool { return r < ' ' }) {
		fault("settings.path", `is not a path without ".." and control characters; write it like "/upload/edgerelay"`)
	}
	plan := planArchive(s, fault)
	plan.URL = &url.URL{Scheme: "sftp", Host: address, Path: path.Join("/", s.Of("path"))}
	plan.Place = "sftp://" + s.Of("user") + "@" + join(s.Of("host"), s.Of("path"), s.Of("prefix"))
	return plan
}

// SSHAddress is a host with its port, 22 where it names none.
func SSHAddress(host string) (string, error) {
	bad := errors.New(`is not a host, or a host and a port; write it like "files.example.com:22"`)
	if strings.ContainsAny(host, "/@ \t\r\n") {
		return "", bad
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "22"
		if strings.Contains(name, ":") && net.ParseIP(name) == nil {
			return "", bad
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || name == "" {
		return "", bad
	}
	return net.JoinHostPort(name, port), nil
}

// HostKeys are the keys by which a server is known, of which it must have one.
type HostKeys struct {
	Keys         []ssh.PublicKey
	Fingerprints []string // "SHA256:" and base64, as ssh-keygen -l prints it
}

// Has says whether a server's key is among them.
func (h *HostKeys) Has(key ssh.PublicKey) bool {
	return slices.Contains(h.Fingerprints, ssh.FingerprintSHA256(key)) ||
		slices.ContainsFunc(h.Keys, func(k ssh.PublicKey) bool { return string(k.Marshal()) == string(key.Marshal()) })
}

// ParseHostKeys reads one key a line: "ssh-ed25519 AAAA…", with the host before it as ssh-keyscan and known_hosts have it
// or without, or a fingerprint, alone or as ssh-keygen -l prints it. Lines that begin with # are comments.
func ParseHostKeys(text string) (*HostKeys, error) {
	h := &HostKeys{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '@' { // a revoked key is no key, and certificates are not asked for
			return nil, errors.New(`has a line of known_hosts that is marked @revoked or @cert-authority; leave it out, and name keys that the server itself shows`)
		}
		if print := fingerprint(line); print != "" {
			h.Fingerprints = append(h.Fingerprints, print)
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil {
			_, _, key, _, _, err = ssh.ParseKnownHosts([]byte(line))
		}
		if err != nil {
			return nil, errors.New(`is neither a public key like "ssh-ed25519 AAAA…" nor a fingerprint like "SHA256:…"; run ssh-keyscan on the host, and compare what it prints with what the server's owner says`)
		}
		h.Keys = append(h.Keys, key)
	}
	if len(h.Keys)+len(h.Fingerprints) == 0 {
		return nil, errors.New("holds no key")
	}
	return h, nil
}

// fingerprint is the fingerprint that a line is, or has where ssh-keygen -l puts it: "256 SHA256:… comment (ED25519)".
func fingerprint(line string) string {
	parts := strings.Fields(line)
	if _, err := strconv.ParseUint(parts[0], 10, 16); err == nil && len(parts) > 1 {
		parts = parts[1:]
	} else if len(parts) > 1 {
		return ""
	}
	if print, ok := strings.CutPrefix(parts[0], "SHA256:"); !ok || len(print) != 43 {
		return ""
	}
	return parts[0]
}
