module my-sensor

go 1.21
