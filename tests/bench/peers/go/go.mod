module strangler.bench/reverseproxy

go 1.21
